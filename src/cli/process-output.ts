/**
 * This process's stdout or stderr as a guest writes to it: straight out of the guest's memory as far as the other
 * side takes it. What it does not take at once is copied and written on one of the runtime's threads, and until
 * that is done nothing else is taken, so that bytes come out in the order in which they went in.
 */
import { write, writeSync } from "node:fs";
import { closed, type Output, wouldBlock } from "../wasi/index.ts";
import { isRetryable, retryAfterMs, type StdioDescriptor } from "./stdio-descriptor.ts";

/** What is taken while the other side does not read: as much as a pipe holds. */
const chunkBytesMax = 65_536;

export class ProcessOutput implements Output {
  readonly #descriptor: StdioDescriptor;
  #writing = false;
  #broken = false;
  #wakes: (() => void)[] = [];

  constructor(descriptor: StdioDescriptor) {
    this.#descriptor = descriptor;
  }

  write(bytes: Uint8Array): number {
    if (this.#broken) return closed;
    if (this.#writing) return wouldBlock;
    const count = this.#writeNow(bytes);
    if (count !== wouldBlock) return count;
    const chunk = bytes.slice(0, chunkBytesMax);
    this.#writing = true;
    this.#writeLater(chunk);
    return chunk.length;
  }

  ready(): boolean {
    return !this.#writing;
  }

  wait(wake: () => void): void {
    if (this.#writing) this.#wakes.push(wake);
    else wake();
  }

  /** Resolves when everything that was taken is out, or can never be. */
  drained(): Promise<void> {
    return new Promise((resolve) => this.wait(resolve));
  }

  #writeNow(bytes: Uint8Array): number {
    const { immediateFd } = this.#descriptor;
    if (immediateFd === undefined) return wouldBlock;
    try {
      return writeSync(immediateFd, bytes);
    } catch (error) {
      if (isRetryable(error)) return wouldBlock;
      this.#broken = true;
      return closed;
    }
  }

  #writeLater(bytes: Uint8Array): void {
    write(this.#descriptor.fd, bytes, (error, count) => {
      if (isRetryable(error)) {
        setTimeout(() => this.#writeLater(bytes), retryAfterMs);
        return;
      }
      if (!error && count < bytes.length) {
        this.#writeLater(bytes.subarray(count));
        return;
      }
      this.#broken = error !== null;
      this.#writing = false;
      const wakes = this.#wakes;
      this.#wakes = [];
      for (const wake of wakes) wake();
    });
  }
}
