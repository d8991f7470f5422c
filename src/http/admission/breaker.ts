/**
 * A circuit breaker: a guest that keeps failing is left alone for a while, then tried with one request at a time.
 *
 * ```
 *  closed ── failures in a row, or their share of the window ──► open ── time, and a request ──► half-open
 *     ▲                                                            ▲                                 │
 *     │                                                            └────────── the probe fails ──────┤
 *     └──────────────────────────────────── the probe succeeds ──────────────────────────────────────┘
 * ```
 * A pure state machine: it is told the time and has no timer. Each request that is let in has a ticket; what becomes
 * of requests that were let in before the last change of state decides nothing any more.
 */
import type { BreakerConfig } from "../../config/index.ts";
import { invariant } from "../../errors.ts";
import { FailureWindow } from "./failure-window.ts";

export type BreakerState = "closed" | "open" | "half-open";

/** What became of a request, as far as the guest answers for it. "neutral": the client's doing, or nobody's. */
export type Verdict = "success" | "failure" | "neutral";

/** A change of state. */
export interface BreakerChange {
  readonly state: BreakerState;
  readonly reason: string;
}

/** What `/v1/status` tells. */
export interface BreakerStatus {
  readonly state: BreakerState;
  /** When it came to this state, on the caller's clock. */
  readonly sinceMs: number;
  readonly failuresInRow: number;
  /** Within the window. */
  readonly requests: number;
  readonly failures: number;
  /** How often it has opened. */
  readonly opened: number;
}

/** How long whoever is refused while a probe is under way should wait. */
const probeWaitMs = 1000;

export class Breaker {
  readonly #config: BreakerConfig;
  readonly #changed: (change: BreakerChange) => void;
  readonly #window: FailureWindow;
  #state: BreakerState = "closed";
  #sinceMs: number;
  #failuresInRow = 0;
  /** While half-open: whether a probe is under way. */
  #isProbing = false;
  /** Grows with every change of state and every probe, so that only the probe has the ticket of its moment. */
  #ticket = 0;
  #opened = 0;

  constructor(config: BreakerConfig, nowMs: number, changed: (change: BreakerChange) => void) {
    this.#config = config;
    this.#changed = changed;
    this.#window = new FailureWindow(config.windowMs, nowMs);
    this.#sinceMs = nowMs;
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** How long requests are refused yet, in milliseconds; 0 when one may be let in. */
  refusedForMs(nowMs: number): number {
    if (this.#state === "open") return Math.max(0, this.#sinceMs + this.#config.openMs - nowMs);
    return this.#isProbing ? probeWaitMs : 0;
  }

  /** Lets a request in that is not refused: its ticket, which is settled once. */
  enter(nowMs: number): number {
    if (this.#state === "closed") return this.#ticket;
    invariant(this.refusedForMs(nowMs) === 0, "whoever is let in was not refused");
    if (this.#state === "open")
      this.#become("half-open", "a request tries whether the guest works again", nowMs);
    this.#isProbing = true;
    return ++this.#ticket;
  }

  /** What became of the request with this ticket. */
  settle(ticket: number, verdict: Verdict, nowMs: number): void {
    if (ticket !== this.#ticket) return;
    if (this.#state === "closed") this.#count(verdict, nowMs);
    else if (this.#isProbing) this.#judge(verdict, nowMs);
  }

  /** The head of the response is out: good enough for a probe, whose body may go on for hours. */
  answered(ticket: number, nowMs: number): void {
    if (this.#isProbing) this.settle(ticket, "success", nowMs);
  }

  status(nowMs: number): BreakerStatus {
    this.#window.advance(nowMs);
    return {
      state: this.#state,
      sinceMs: this.#sinceMs,
      failuresInRow: this.#failuresInRow,
      requests: this.#window.requests,
      failures: this.#window.failures,
      opened: this.#opened,
    };
  }

  #count(verdict: Verdict, nowMs: number): void {
    if (verdict === "neutral") return;
    const { failures, rate, requestsMin } = this.#config;
    const window = this.#window;
    window.add(verdict === "failure", nowMs);
    if (verdict === "success") {
      this.#failuresInRow = 0;
      return;
    }
    this.#failuresInRow++;
    if (this.#failuresInRow >= failures) {
      this.#become("open", `${this.#failuresInRow} failures in a row`, nowMs);
    } else if (window.requests >= requestsMin && window.failures >= rate * window.requests) {
      this.#become("open", `${window.failures} of ${window.requests} requests failed`, nowMs);
    }
  }

  /** A probe that tells nothing leaves it to the next one. */
  #judge(verdict: Verdict, nowMs: number): void {
    this.#isProbing = false;
    if (verdict === "success") this.#become("closed", "the guest answers again", nowMs);
    else if (verdict === "failure") this.#become("open", "the guest failed again", nowMs);
  }

  #become(state: BreakerState, reason: string, nowMs: number): void {
    this.#state = state;
    this.#sinceMs = nowMs;
    this.#ticket++;
    if (state === "open") this.#opened++;
    if (state === "closed") {
      this.#failuresInRow = 0;
      this.#window.clear();
    }
    this.#changed({ state, reason });
  }
}
