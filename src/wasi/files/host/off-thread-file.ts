/**
 * An open regular file whose disk another thread waits for. Bytes that the system holds in memory are read at once,
 * into the guest's memory; all others are copied once, from or to what is sent between the threads.
 */
import { errno } from "../../errno.ts";
import { limits } from "../../limits.ts";
import { type Answer, Failure, type Result } from "../answer.ts";
import { OpenFile, type Written } from "../open-file.ts";
import type { Stat, Times } from "../open-node.ts";
import type { Handle } from "./disk-operations.ts";
import type { DiskThread } from "./disk-thread.ts";
import { readCached } from "./system-calls.ts";

const readOnlyFailure = Failure.of(errno.rofs);

export class OffThreadFile extends OpenFile {
  readonly #handle: Handle;
  readonly #disk: DiskThread;

  /** @param handle The disk was told that it is opened. */
  constructor(handle: Handle, disk: DiskThread) {
    super();
    this.#handle = handle;
    this.#disk = disk;
  }

  override read(into: Uint8Array, offset: number): Answer<number> {
    const end = Math.min(into.length, limits.diskPieceBytes);
    let done = 0;
    while (done < end) {
      const count = readCached(this.#handle.descriptor, into.subarray(done, end), offset + done);
      if (count === undefined) return this.#readRest(into, offset, done);
      if (count === 0) return done;
      done += count;
    }
    return done === into.length ? done : this.#readRest(into, offset, done);
  }

  override async write(bytes: Uint8Array, offset: number | undefined): Promise<Result<Written>> {
    if (this.#handle.readOnly) return readOnlyFailure;
    let done = 0;
    for (;;) {
      // Not `slice`: that of a Buffer copies nothing.
      const piece = new Uint8Array(bytes.subarray(done, done + limits.diskPieceBytes));
      // Its bytes are gone once it is on its way.
      const { length } = piece;
      const at = offset === undefined ? undefined : offset + done;
      const written = await this.#disk.ask("write", this.#handle, piece, at);
      if (written instanceof Failure) return written;
      done += written.count;
      if (done === bytes.length || written.count < length)
        return { count: done, endOffset: written.endOffset };
    }
  }

  override setSize(sizeBytes: number): Answer<undefined> {
    return this.#handle.readOnly ? readOnlyFailure : this.#disk.ask("setSize", this.#handle, sizeBytes);
  }

  override allocate(offset: number, length: number): Answer<undefined> {
    return this.#handle.readOnly ? readOnlyFailure : this.#disk.ask("allocate", this.#handle, offset, length);
  }

  override stat(): Answer<Stat> {
    return this.#disk.ask("stat", this.#handle);
  }

  override setTimes(times: Times): Answer<undefined> {
    return this.#handle.readOnly ? readOnlyFailure : this.#disk.ask("setTimes", this.#handle, times);
  }

  override sync(): Answer<undefined> {
    return this.#disk.ask("sync", this.#handle);
  }

  override dataSync(): Answer<undefined> {
    return this.#disk.ask("dataSync", this.#handle);
  }

  override close(): void {
    this.#disk.closed();
    this.#disk.ask("close", this.#handle);
  }

  /** Goes on piece by piece until `into` is full: a guest may take a short read for the end of the file. */
  async #readRest(into: Uint8Array, offset: number, begun: number): Promise<Result<number>> {
    let done = begun;
    while (done < into.length) {
      const length = Math.min(into.length - done, limits.diskPieceBytes);
      const bytes = await this.#disk.ask("read", this.#handle, length, offset + done);
      if (bytes instanceof Failure) return done > 0 ? done : bytes;
      if (bytes.length === 0) break;
      into.set(bytes, done);
      done += bytes.length;
    }
    return done;
  }
}
