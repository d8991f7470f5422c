/**
 * This process's stdin as a guest reads it. What is there is read straight into the guest's memory. A wait is a read
 * on one of the runtime's threads: of a single byte where the rest can then be read directly, so that nothing is
 * taken from a shared stdin that the guest did not ask for.
 */
import { read, readSync } from "node:fs";
import { closed, failureOfThrown, type Input, wouldBlock } from "../wasi/index.ts";
import { isRetryable, retryAfterMs, type StdioDescriptor } from "./stdio-descriptor.ts";

/** What is read ahead where nothing can be read directly: as much as a pipe holds. */
const readAheadBytes = 65_536;

export class ProcessInput implements Input {
  readonly isTerminal: boolean;
  failure: number | undefined;
  readonly #descriptor: StdioDescriptor;
  readonly #buffer: Uint8Array;
  /** Bytes of the buffer that wait for the guest; or what a read answered instead, 0 or `closed`. */
  #held: Uint8Array | number | undefined;
  #reading = false;
  #wakes: (() => void)[] = [];

  constructor(descriptor: StdioDescriptor) {
    this.isTerminal = descriptor.isTerminal;
    this.#descriptor = descriptor;
    this.#buffer = new Uint8Array(descriptor.immediateFd === undefined ? readAheadBytes : 1);
  }

  read(into: Uint8Array, start: number, end: number): number {
    if (this.#held === undefined) return this.#readNow(into, start, end);
    if (typeof this.#held === "number") {
      // An end is told once: a terminal goes on behind it.
      const answer = this.#held;
      this.#held = undefined;
      return answer;
    }
    const count = Math.min(end - start, this.#held.length);
    into.set(this.#held.subarray(0, count), start);
    this.#held = count < this.#held.length ? this.#held.subarray(count) : undefined;
    if (count === end - start || this.#descriptor.immediateFd === undefined) return count;
    const more = this.#readNow(into, start + count, end);
    return more > 0 ? count + more : count;
  }

  available(): number {
    return this.ready() && this.#held instanceof Uint8Array ? this.#held.length : 0;
  }

  ready(): boolean {
    if (this.#held === undefined) {
      const count = this.#readNow(this.#buffer, 0, this.#buffer.length);
      if (count !== wouldBlock) this.#hold(count);
    }
    return this.#held !== undefined;
  }

  wait(wake: () => void): void {
    if (this.#held !== undefined) {
      wake();
      return;
    }
    this.#wakes.push(wake);
    if (!this.#reading) this.#readLater();
  }

  #readNow(into: Uint8Array, start: number, end: number): number {
    const { immediateFd } = this.#descriptor;
    if (immediateFd === undefined || this.#reading) return wouldBlock;
    try {
      return readSync(immediateFd, into, start, end - start, null);
    } catch (error) {
      if (isRetryable(error)) return wouldBlock;
      this.failure = failureOfThrown(error).errno;
      return closed;
    }
  }

  #readLater(): void {
    this.#reading = true;
    read(this.#descriptor.fd, this.#buffer, 0, this.#buffer.length, null, (error, count) => {
      if (isRetryable(error)) {
        setTimeout(() => this.#readLater(), retryAfterMs);
        return;
      }
      this.#reading = false;
      if (error) this.failure = failureOfThrown(error).errno;
      this.#hold(error ? closed : count);
      const wakes = this.#wakes;
      this.#wakes = [];
      for (const wake of wakes) wake();
    });
  }

  #hold(count: number): void {
    this.#held = count > 0 ? this.#buffer.subarray(0, count) : count;
  }
}
