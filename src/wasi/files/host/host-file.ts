/**
 * An open regular file of this machine. Keeps nothing but its descriptor, which no guest ever sees, so two of the
 * same descriptor are the same file.
 */
import { fdatasyncSync, fsyncSync, ftruncateSync, readSync, writeSync } from "node:fs";
import { errno } from "../../errno.ts";
import { Failure, type Result } from "../answer.ts";
import { OpenFile, type Written } from "../open-file.ts";
import type { Stat, Times } from "../open-node.ts";
import { statOf } from "./look.ts";
import { allocateRoom, closeDescriptor, positionOf, setAppending, setFileTimes } from "./system-calls.ts";
import { failureOfThrown } from "./system-errno.ts";

const readOnlyFailure = Failure.of(errno.rofs);

export class HostFile extends OpenFile {
  readonly descriptor: number;
  readonly readOnly: boolean;

  constructor(descriptor: number, readOnly: boolean) {
    super();
    this.descriptor = descriptor;
    this.readOnly = readOnly;
  }

  override read(into: Uint8Array, offset: number): Result<number> {
    return attempt(() => readSync(this.descriptor, into, 0, into.length, offset));
  }

  override write(bytes: Uint8Array, offset: number | undefined): Result<Written> {
    if (this.readOnly) return readOnlyFailure;
    if (offset === undefined) return this.#append(bytes);
    const count = attempt(() => writeSync(this.descriptor, bytes, 0, bytes.length, offset));
    return count instanceof Failure ? count : { count, endOffset: offset + count };
  }

  override setSize(sizeBytes: number): Result<undefined> {
    if (this.readOnly) return readOnlyFailure;
    return attempt(() => void ftruncateSync(this.descriptor, sizeBytes));
  }

  override allocate(offset: number, length: number): Result<undefined> {
    if (this.readOnly) return readOnlyFailure;
    const allocated = allocateRoom(this.descriptor, offset, length);
    if (!(allocated instanceof Failure) || allocated.errno !== errno.notsup) return allocated;
    // No promise of room is to be had here; the size, which can be seen, is as it should be.
    const stat = this.stat();
    if (stat instanceof Failure) return stat;
    return stat.sizeBytes < offset + length ? this.setSize(offset + length) : undefined;
  }

  override stat(): Result<Stat> {
    return statOf(this.descriptor);
  }

  override setTimes(times: Times): Result<undefined> {
    return this.readOnly ? readOnlyFailure : setFileTimes(this.descriptor, times);
  }

  override sync(): Result<undefined> {
    return attempt(() => void fsyncSync(this.descriptor));
  }

  override dataSync(): Result<undefined> {
    return attempt(() => void fdatasyncSync(this.descriptor));
  }

  override close(): void {
    closeDescriptor(this.descriptor);
  }

  /** The end is where it is when the kernel writes, whoever else appends. It moves the descriptor's position there. */
  #append(bytes: Uint8Array): Result<Written> {
    const failure = setAppending(this.descriptor, true);
    if (failure !== undefined) return failure;
    try {
      const count = attempt(() => writeSync(this.descriptor, bytes, 0, bytes.length, null));
      if (count instanceof Failure) return count;
      const endOffset = positionOf(this.descriptor);
      return endOffset instanceof Failure ? endOffset : { count, endOffset };
    } finally {
      // With the flag set, Linux appends whatever offset a write names.
      setAppending(this.descriptor, false);
    }
  }
}

function attempt<T>(call: () => T): Result<T> {
  try {
    return call();
  } catch (error) {
    return failureOfThrown(error);
  }
}
