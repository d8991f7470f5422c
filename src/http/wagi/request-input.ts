/** A request's body as a guest's stdin: read from the client only as fast as the guest reads. */

import { type Input, wouldBlock } from "../../wasi/index.ts";
import type { BodyReader } from "./request-body.ts";

export interface RequestInputEvents {
  /** The client sent something. */
  readonly onProgress: () => void;
  /** The body is longer than allowed. */
  readonly onTooLong: () => void;
  /** The client broke off: the guest must not take what it got for the whole. */
  readonly onBroken: () => void;
}

export class RequestInput implements Input {
  readonly #reader: BodyReader;
  readonly #bytesMax: number;
  readonly #events: RequestInputEvents;
  #chunk: Uint8Array;
  #received: number;
  #ended = false;
  #reading = false;
  #wakes: (() => void)[] = [];

  /** `collected` is what was read already, in front of what `reader` still has. */
  constructor(
    reader: BodyReader,
    bytesMax: number,
    events: RequestInputEvents,
    collected: Uint8Array = new Uint8Array(0),
  ) {
    this.#reader = reader;
    this.#bytesMax = bytesMax;
    this.#events = events;
    this.#chunk = collected;
    this.#received = collected.length;
  }

  /** Bytes of the body that came. */
  get receivedBytes(): number {
    return this.#received;
  }

  /** Whether the guest wants more than the client has sent. */
  get isStarved(): boolean {
    return this.#reading;
  }

  read(into: Uint8Array, start: number, end: number): number {
    if (this.#chunk.length === 0) return this.#ended ? 0 : wouldBlock;
    const count = Math.min(end - start, this.#chunk.length);
    into.set(count === this.#chunk.length ? this.#chunk : this.#chunk.subarray(0, count), start);
    this.#chunk = this.#chunk.subarray(count);
    return count;
  }

  available(): number {
    return this.#chunk.length;
  }

  ready(): boolean {
    const ready = this.#chunk.length > 0 || this.#ended;
    // Asking is what makes bytes come: a guest may only poll.
    if (!ready) this.#fetch();
    return ready;
  }

  wait(wake: () => void): void {
    if (this.ready()) wake();
    else this.#wakes.push(wake);
  }

  /** Tells the client that the rest is not wanted. */
  cancel(): void {
    this.#ended = true;
    this.#chunk = this.#chunk.subarray(this.#chunk.length);
    this.#reader.cancel().catch(() => {
      // The client is gone already.
    });
  }

  async #fetch(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      const { done, value } = await this.#reader.read();
      if (done) this.#ended = true;
      else this.#take(value);
    } catch {
      this.#ended = true;
      this.#events.onBroken();
    }
    this.#reading = false;
    const wakes = this.#wakes;
    this.#wakes = [];
    for (const wake of wakes) wake();
  }

  #take(chunk: Uint8Array): void {
    this.#received += chunk.length;
    if (this.#received > this.#bytesMax) {
      this.#ended = true;
      this.#events.onTooLong();
      return;
    }
    this.#chunk = chunk;
    this.#events.onProgress();
  }
}
