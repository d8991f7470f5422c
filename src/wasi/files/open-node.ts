/** What open files and open directories have in common. */
import { errno } from "../errno.ts";
import { type Answer, Failure } from "./answer.ts";

/** `$filestat`, apart from its layout. */
export interface Stat {
  readonly device: bigint;
  readonly inode: bigint;
  /** One of `fileType`. */
  readonly type: number;
  readonly links: bigint;
  readonly sizeBytes: bigint;
  /** Nanoseconds since 1970. */
  readonly accessedNs: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

/** New times in nanoseconds since 1970; `undefined` leaves a time as it is. */
export interface Times {
  readonly accessedNs: bigint | undefined;
  readonly modifiedNs: bigint | undefined;
}

/** An operation that a kind of file does not have. */
export const unsupported: Failure = Failure.of(errno.notsup);

/** The base of `OpenFile` and `OpenDirectory`: every operation answers ENOTSUP until a kind overrides it. */
export abstract class OpenNode {
  stat(): Answer<Stat> {
    return unsupported;
  }

  setTimes(_times: Times): Answer<undefined> {
    return unsupported;
  }

  /** Content and metadata are on the disk when this is answered. */
  sync(): Answer<undefined> {
    return unsupported;
  }

  /** As `sync`, but only the metadata that reading the content needs. */
  dataSync(): Answer<undefined> {
    return unsupported;
  }

  /** Lets go of it. Is called once, and no other operation after it. */
  close(): void {
    // Nothing is held.
  }
}
