/**
 * How a release does while it is watched or on trial: every request that it answered, from how many clients, and how
 * long it took. What the release cannot help does not count: requests that were turned away for lack of room.
 */
import { clientsCountedMax } from "../limits.ts";
import { ResponseTimes } from "./response-times.ts";

/** Counts since they were last set back. */
export interface Health {
  readonly requests: number;
  /** Answers of 500 and above, and those that broke off, by the release's fault. */
  readonly failures: number;
  /** Different addresses (IPv6: /64 networks) that asked, counted up to a limit. */
  readonly clients: number;
  /** How long it took until the head of the response was there: the median, and what 99 of 100 kept to. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Successes between two calls of the listener. */
const successesBetween = 64;

export class ReleaseHealth {
  /** Told soon after each failure, and now and then of successes. */
  changed: (() => void) | undefined;
  #requests = 0;
  #failures = 0;
  readonly #clients = new Set<number>();
  #times = new ResponseTimes();
  #isTelling = false;

  /** A client, as a number, asks for something. */
  began(client: number): void {
    if (this.#clients.size < clientsCountedMax) this.#clients.add(client);
  }

  /** A request is over. `headMs`: how long its head took; undefined when it had none, or nobody looked. */
  ended(failed: boolean, headMs: number | undefined): void {
    this.#requests++;
    if (failed) this.#failures++;
    if (headMs !== undefined) this.#times.add(headMs);
    if (failed || this.#requests % successesBetween === 0) this.#tell();
  }

  reset(): void {
    this.#requests = 0;
    this.#failures = 0;
    this.#clients.clear();
    this.#times = new ResponseTimes();
  }

  get status(): Health {
    return {
      requests: this.#requests,
      failures: this.#failures,
      clients: this.#clients.size,
      p50Ms: this.#times.quantileMs(0.5),
      p99Ms: this.#times.quantileMs(0.99),
    };
  }

  /** Not in the midst of a request, and once for all that end together. */
  #tell(): void {
    if (this.#isTelling || this.changed === undefined) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.changed?.();
    });
  }
}
