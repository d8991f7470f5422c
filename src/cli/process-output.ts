/**
 * This process's stdout or stderr as a guest writes to it: straight out of the guest's memory as far as the other
 * side takes it. What it does not take at once is copied and written on one of the runtime's threads, and until
 * that is done nothing else is taken, so that bytes come out in the order in which they went in.
 */
import { write, writeSync } from "node:fs";
import { closed, failureOfThrown, type Output, wouldBlock } from "../wasi/index.ts";
import { isRetryable, retryAfterMs, type StdioDescriptor } from "./stdio-descriptor.ts";

/** What is taken while the other side does not read: as much as a pipe holds. */
const chunkBytesMax = 65_536;

export interface ProcessOutputOptions {
  /** As `Output.alwaysWaits`. */
  readonly alwaysWaits: boolean;
}

export class ProcessOutput implements Output {
  readonly isTerminal: boolean;
  readonly alwaysWaits: boolean;
  failure: number | undefined;
  readonly #descriptor: StdioDescriptor;
  #writing = false;
  /** What went wrong with bytes that were taken already: a pipe or socket that does not come back. */
  #broken: Error | undefined;
  #wakes: (() => void)[] = [];

  constructor(descriptor: StdioDescriptor, options: ProcessOutputOptions) {
    this.isTerminal = descriptor.isTerminal;
    this.alwaysWaits = options.alwaysWaits;
    this.#descriptor = descriptor;
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    if (this.#writing) return wouldBlock;
    if (this.#broken !== undefined) return this.#fail(this.#broken);
    const count = this.#writeNow(bytes, start, end);
    if (count !== wouldBlock) return count;
    const chunk = bytes.slice(start, Math.min(end, start + chunkBytesMax));
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

  #writeNow(bytes: Uint8Array, start: number, end: number): number {
    const { immediateFd } = this.#descriptor;
    if (immediateFd === undefined) return wouldBlock;
    try {
      return writeSync(immediateFd, bytes, start, end - start);
    } catch (error) {
      if (isRetryable(error)) return wouldBlock;
      return this.#fail(error);
    }
  }

  #fail(error: unknown): number {
    this.failure = failureOfThrown(error).errno;
    return closed;
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
      if (error) this.#broken = error;
      this.#writing = false;
      const wakes = this.#wakes;
      this.#wakes = [];
      for (const wake of wakes) wake();
    });
  }
}
