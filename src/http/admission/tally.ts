/** What was counted of a site's or a route's requests since it began: plain integers, added to on the hot path. */

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
  /** Bytes of bodies. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export class Tally {
  readonly #byClass = { 2: 0, 3: 0, 4: 0, 5: 0 };
  shed = 0;
  rateLimited = 0;
  breakerRefused = 0;
  traps = 0;
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

  get status(): TallyStatus {
    const { 2: ok, 3: elsewhere, 4: wrong, 5: failed } = this.#byClass;
    const { shed, rateLimited, breakerRefused, traps } = this;
    return {
      requests: ok + elsewhere + wrong + failed,
      status: { "2xx": ok, "3xx": elsewhere, "4xx": wrong, "5xx": failed },
      ...{ shed, rateLimited, breakerRefused, traps },
      ...{ bytesIn: this.#bytesIn, bytesOut: this.#bytesOut },
    };
  }
}
