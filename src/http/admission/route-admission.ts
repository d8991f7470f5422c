/** What stands between requests of one route and their guest: its circuit breaker, its places, and what was counted. */
import type { RouteConfig } from "../../config/index.ts";
import type { GuestLimit } from "../../guest/index.ts";
import type { Call } from "../call.ts";
import { Breaker, type BreakerChange, type BreakerStatus, type Verdict } from "./breaker.ts";
import type { Line, Places, Waiter } from "./places.ts";
import { type Refusal, refusal } from "./refusal.ts";
import { type GuestUse, Tally, type TallyStatus } from "./tally.ts";

/** What `/v1/status` tells of a route. */
export interface RouteAdmissionStatus extends TallyStatus {
  /** Requests that hold a guest, and that wait for one. */
  readonly holding: number;
  readonly waiting: number;
  readonly breaker: BreakerStatus;
}

export interface RouteAdmissionOptions {
  readonly config: Pick<RouteConfig, "breaker" | "maxConcurrency" | "timeoutMs">;
  /** The site's places. */
  readonly places: Places;
  /** The site's counts: what is turned away here counts there as well. */
  readonly siteTally: Tally;
  readonly breakerChanged: (change: BreakerChange) => void;
}

export class RouteAdmission implements Line {
  readonly tally: Tally = new Tally();
  readonly heldMax: number;
  readonly waiters: Set<Waiter> = new Set();
  /** Kept by the places. */
  held = 0;
  readonly #options: RouteAdmissionOptions;
  readonly #places: Places;
  readonly #breaker: Breaker;

  constructor(options: RouteAdmissionOptions) {
    const { config, places, breakerChanged } = options;
    this.#options = options;
    this.#places = places;
    this.heldMax = config.maxConcurrency;
    this.#breaker = new Breaker(config.breaker, performance.now(), breakerChanged);
  }

  /**
   * Lets a request to its guest: undefined when it goes at once; its `ticket` is set then, and whoever called says
   * `leave` once. Otherwise why it may not, or a promise of either.
   */
  enter(call: Call): Refusal | undefined | Promise<Refusal | undefined> {
    // The time is only asked for when it matters: most of the time the breaker is closed.
    const nowMs = this.#breaker.isClosed ? 0 : performance.now();
    const refused = this.#refusedByBreaker(nowMs);
    if (refused !== undefined) return refused;
    if (this.#places.take(this)) {
      call.ticket = this.#breaker.enter(nowMs);
      return undefined;
    }
    call.keepOpen();
    return this.#places.wait(this, call, call.startedMs + this.#options.config.timeoutMs);
  }

  /** A guest trapped. */
  trapped(): void {
    this.tally.traps++;
    this.#options.siteTally.traps++;
  }

  /** The head of a response is out, its body goes on. */
  answered(ticket: number, nowMs: number): void {
    this.#breaker.answered(ticket, nowMs);
  }

  /** A request lets its guest go. */
  leave(ticket: number, verdict: Verdict, nowMs: number): void {
    this.#breaker.settle(ticket, verdict, nowMs);
    this.#places.leave(this);
  }

  /** The turn of one that waited: the breaker may have opened meanwhile, or be trying another request. */
  letIn(call: Call): Refusal | undefined {
    const nowMs = performance.now();
    const refused = this.#refusedByBreaker(nowMs);
    if (refused === undefined) call.ticket = this.#breaker.enter(nowMs);
    return refused;
  }

  /** A guest has ended, by itself or for a limit. */
  ran(used: GuestUse, limit: GuestLimit | undefined): void {
    const { siteTally } = this.#options;
    // The module is asked for its fuel: once.
    const { fuel } = used;
    this.tally.ran(used, fuel);
    siteTally.ran(used, fuel);
    if (limit === undefined) return;
    const met = limit === "cpu_ms" ? "cpuLimited" : "timeLimited";
    this.tally[met]++;
    siteTally[met]++;
  }

  /** One that waited is turned away. */
  shed(): void {
    this.tally.shed++;
    this.#options.siteTally.shed++;
  }

  status(nowMs: number): RouteAdmissionStatus {
    return {
      ...this.tally.status,
      holding: this.held,
      waiting: this.waiters.size,
      breaker: this.#breaker.status(nowMs),
    };
  }

  #refusedByBreaker(nowMs: number): Refusal | undefined {
    const waitMs = this.#breaker.refusedForMs(nowMs);
    if (waitMs === 0) return undefined;
    this.tally.breakerRefused++;
    this.#options.siteTally.breakerRefused++;
    return refusal(503, "the breaker of the route is open", waitMs, true);
  }
}
