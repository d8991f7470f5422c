/** An open file of a tree in memory. Reading leaves its access time alone, as a disk mounted `noatime` does. */
import { errno } from "../../errno.ts";
import { type Answer, Failure } from "../answer.ts";
import { OpenFile, type Written } from "../open-file.ts";
import type { Stat, Times } from "../open-node.ts";
import type { FileNode } from "./node.ts";

const noSpace = Failure.of(errno.nospc);
const readOnly = Failure.of(errno.rofs);

export class TreeFile extends OpenFile {
  readonly #node: FileNode;

  constructor(node: FileNode) {
    super();
    this.#node = node;
    node.opened();
  }

  override read(into: Uint8Array, offset: number): Answer<number> {
    return this.#node.content.read(into, offset);
  }

  override write(bytes: Uint8Array, offset: number | undefined): Answer<Written> {
    const { content, volume } = this.#node;
    if (volume.readOnly) return readOnly;
    const start = offset ?? content.size;
    if (bytes.length === 0) return { count: 0, endOffset: start };
    const count = content.write(bytes, start);
    if (count === 0) return noSpace;
    this.#node.modified();
    return { count, endOffset: start + count };
  }

  override setSize(sizeBytes: number): Answer<undefined> {
    if (this.#node.volume.readOnly) return readOnly;
    if (!this.#node.content.setSize(sizeBytes)) return noSpace;
    this.#node.modified();
    return undefined;
  }

  override allocate(offset: number, length: number): Answer<undefined> {
    const { content, volume } = this.#node;
    if (volume.readOnly) return readOnly;
    const { size } = content;
    if (!content.allocate(offset + length)) return noSpace;
    if (content.size !== size) this.#node.modified();
    return undefined;
  }

  override stat(): Answer<Stat> {
    return this.#node.stat;
  }

  override setTimes(times: Times): Answer<undefined> {
    if (this.#node.volume.readOnly) return readOnly;
    this.#node.setTimes(times);
    return undefined;
  }

  override sync(): Answer<undefined> {
    return undefined;
  }

  override dataSync(): Answer<undefined> {
    return undefined;
  }

  override close(): void {
    this.#node.closed();
  }
}
