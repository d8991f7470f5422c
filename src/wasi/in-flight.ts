/** One answer that a file owes, and who is to have it: the call that waits, or nobody any more. */
import { OpenNode } from "./files/index.ts";

export class InFlight {
  /** How the call goes on; undefined until the file has answered. */
  finish: (() => number) | undefined;
  #result: unknown;
  #onLate: (() => void) | undefined;

  /** Nobody waits any more. `then` is called when nothing is under way any longer. */
  abandon(then: () => void): void {
    this.#onLate = then;
    if (this.finish !== undefined) this.#discard();
  }

  answered(result: unknown, finish: () => number): void {
    this.#result = result;
    this.finish = finish;
    if (this.#onLate !== undefined) this.#discard();
  }

  #discard(): void {
    // What was opened for a guest that is gone has no descriptor that would close it.
    if (this.#result instanceof OpenNode) this.#result.close();
    this.#onLate?.();
  }
}
