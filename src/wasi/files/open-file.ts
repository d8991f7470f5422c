/** An open regular file. It has no position: the descriptor of the guest keeps that. */
import type { Answer } from "./answer.ts";
import { OpenNode, unsupported } from "./open-node.ts";

/** What a write did: how many bytes it took, and the offset behind the last of them. */
export interface Written {
  readonly count: number;
  readonly endOffset: number;
}

/** Offsets and sizes are whole numbers of bytes below 2^53. */
export abstract class OpenFile extends OpenNode {
  /**
   * Fills `into` from `offset` on: the count, 0 at the end. `into` is the guest's memory, which stays where
   * it is while its guest is suspended.
   */
  read(_into: Uint8Array, _offset: number): Answer<number> {
    return unsupported;
  }

  /** Writes at `offset`, or behind the last byte where it is undefined. What is kept of `bytes` is copied. */
  write(_bytes: Uint8Array, _offset: number | undefined): Answer<Written> {
    return unsupported;
  }

  /** Cuts the file, or fills it up with zeros. */
  setSize(_sizeBytes: number): Answer<undefined> {
    return unsupported;
  }

  /** Makes sure that there is room up to `offset + length`; the file grows to that where it is shorter. */
  allocate(_offset: number, _length: number): Answer<undefined> {
    return unsupported;
  }
}
