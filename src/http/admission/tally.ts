/** What was counted of a site's or a route's requests since it began: plain integers, added to on the hot path. */
import type { Guest } from "../../guest/index.ts";

/** Counts, as `/v1/status` tells them. */
export interface TallyStatus {
  /** Requests that were answered. */
  readonly requests: number;
  /** Of these, by the class of their status. */
  readonly status: {
    readonly "2xx": number;
    readonly "3xx": number;
    readonly "4xx": number;
    readonly "5xx": number;
  };
  /** Turned away: there was no room, or none in time. */
  readonly shed: number;
  /** Turned away: over a rate. */
  readonly rateLimited: number;
  /** Turned away: the breaker was open. */
  readonly breakerRefused: number;
  /** Guests that trapped. */
  readonly traps: number;
  /** Guests that were ended for their `cpu_ms`, or their `timeout_ms`. */
  readonly cpuLimited: number;
  readonly timeLimited: number;
  /** Growths of memories and tables that guests were refused. */
  readonly growthsRefused: number;
  /** Time of guests on the thread, microseconds. */
  readonly cpuUs: number;
  /** Instructions of theirs, roughly. */
  readonly fuel: number;
  /** What their calls cost, about a nanosecond each. */
  readonly hostCost: number;
  /** The most that one of them had, bytes. */
  readonly memoryPeakBytes: number;
  /** Bytes of bodies. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What a run of a guest has used. */
export type GuestUse = Readonly<
  Pick<Guest, "cpuMs" | "fuel" | "hostCost" | "memoryBytes" | "refusedGrowths">
>;

export class Tally {
  readonly #byClass = { 2: 0, 3: 0, 4: 0, 5: 0 };
  shed = 0;
  rateLimited = 0;
  breakerRefused = 0;
  traps = 0;
  cpuLimited = 0;
  timeLimited = 0;
  #growthsRefused = 0;
  #cpuMs = 0;
  #fuel = 0;
  #hostCost = 0;
  #memoryPeakBytes = 0;
  #bytesIn = 0;
  #bytesOut = 0;

  /** A request is over. */
  add(status: number, bytesIn: number, bytesOut: number): void {
    const byClass = this.#byClass;
    if (status < 300) byClass[2]++;
    else if (status < 400) byClass[3]++;
    else if (status < 500) byClass[4]++;
    else byClass[5]++;
    this.#bytesIn += bytesIn;
    this.#bytesOut += bytesOut;
  }

  /** A guest has ended. */
  ran({ cpuMs, hostCost, memoryBytes, refusedGrowths }: GuestUse, fuel: number): void {
    this.#growthsRefused += refusedGrowths;
    this.#cpuMs += cpuMs;
    this.#fuel += fuel;
    this.#hostCost += hostCost;
    if (memoryBytes > this.#memoryPeakBytes) this.#memoryPeakBytes = memoryBytes;
  }

  get status(): TallyStatus {
    const { 2: ok, 3: elsewhere, 4: wrong, 5: failed } = this.#byClass;
    const { shed, rateLimited, breakerRefused, traps, cpuLimited, timeLimited } = this;
    return {
      requests: ok + elsewhere + wrong + failed,
      status: { "2xx": ok, "3xx": elsewhere, "4xx": wrong, "5xx": failed },
      ...{ shed, rateLimited, breakerRefused, traps, cpuLimited, timeLimited },
      growthsRefused: this.#growthsRefused,
      cpuUs: Math.round(this.#cpuMs * 1000),
      ...{ fuel: this.#fuel, hostCost: this.#hostCost, memoryPeakBytes: this.#memoryPeakBytes },
      ...{ bytesIn: this.#bytesIn, bytesOut: this.#bytesOut },
    };
  }
}
