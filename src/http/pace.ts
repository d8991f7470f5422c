/** Long work on the thread that answers requests: in pieces, between which requests are answered. */
import { preparingPieceMs } from "../limits.ts";

export class Pace {
  #sinceMs = performance.now();
  #steps = 0;

  /** Called between steps of some microseconds: undefined to go straight on, or a promise to wait for. */
  step(): Promise<void> | undefined {
    // The clock takes longer to ask than some steps.
    if (++this.#steps % 32 !== 0 || performance.now() - this.#sinceMs < preparingPieceMs) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#sinceMs = performance.now();
        resolve();
      });
    });
  }
}
