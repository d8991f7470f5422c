/** Time that passes when a test says so. */
import type { Clock } from "../../src/update/clock.ts";

export class TestClock implements Clock {
  #nowMs: number;
  #waiting: { readonly atMs: number; readonly call: () => void }[] = [];

  constructor(nowMs: number = Date.now()) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, call: () => void): Disposable {
    const own = { atMs: this.#nowMs + ms, call };
    this.#waiting.push(own);
    return {
      [Symbol.dispose]: () => {
        this.#waiting = this.#waiting.filter((each) => each !== own);
      },
    };
  }

  /** Lets time pass, and what happens meanwhile happen. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#waiting.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#waiting = this.#waiting.filter((each) => each !== next);
      this.#nowMs = next.atMs;
      next.call();
      await Bun.sleep(1);
    }
    this.#nowMs = endMs;
  }
}
