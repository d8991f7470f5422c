/** How many requests a route lets to its guest at once. The others wait in line, for a while. */
import { EmendError } from "../errors.ts";
import { gateWaitersMax } from "../limits.ts";

interface Waiter {
  admit(): void;
}

export class ConcurrencyGate {
  readonly #admittedMax: number;
  readonly #line = new Set<Waiter>();
  #admitted = 0;

  constructor(admittedMax: number) {
    this.#admittedMax = admittedMax;
  }

  get waiting(): number {
    return this.#line.size;
  }

  /**
   * Lets a request in: undefined when there is room at once. Whoever was let in calls `leave` once.
   *
   * @throws EmendError `guest.busy` when the line is full or the wait longer than `waitMsMax`.
   */
  enter(waitMsMax: number): Promise<void> | undefined {
    if (this.#admitted < this.#admittedMax) {
      this.#admitted++;
      return undefined;
    }
    if (this.#line.size >= gateWaitersMax) {
      return Promise.reject(
        new EmendError("guest.busy", `${gateWaitersMax} requests wait for this route already`),
      );
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#line.delete(waiter);
        reject(new EmendError("guest.busy", `the route had no room for ${waitMsMax} ms`));
      }, waitMsMax);
      const waiter: Waiter = {
        admit: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      this.#line.add(waiter);
    });
  }

  /** Makes room: whoever has waited longest takes the place. */
  leave(): void {
    const [next] = this.#line;
    if (next === undefined) {
      this.#admitted--;
      return;
    }
    this.#line.delete(next);
    next.admit();
  }
}
