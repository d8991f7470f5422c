/**
 * Token buckets, each kept as one number: the time at which it is full again (GCRA, ITU-T I.371). Nothing has to be
 * filled, so nothing ticks, and one whose time has passed is the same as one that was never used.
 *
 * A bucket holds what one second brings, at least one token. So a rate is what it says also at its worst moment: no
 * second sees more than twice of it, and none after the first more than once on average.
 */

/** How fast tokens come. */
export interface Rate {
  /** Between two tokens, milliseconds. */
  readonly intervalMs: number;
  /** How much later than now a bucket may be full for a token to be left. */
  readonly leewayMs: number;
}

/** A rate in tokens a second, more than 0; may be a fraction. */
export function rateOf(perSecond: number): Rate {
  const intervalMs = 1000 / perSecond;
  return { intervalMs, leewayMs: Math.max(0, 1000 - intervalMs) + roundingMs };
}

/** Sums of intervals that are no whole numbers come out a little late. */
const roundingMs = 1e-4;

/** How long until the bucket that is full at `fullMs` has a token, milliseconds; 0 when it has one. */
export function tokenAfterMs(fullMs: number, rate: Rate, nowMs: number): number {
  return Math.max(0, fullMs - nowMs - rate.leewayMs);
}

/** When the bucket is full after one token was taken. */
export function withoutToken(fullMs: number, rate: Rate, nowMs: number): number {
  return Math.max(fullMs, nowMs) + rate.intervalMs;
}

/** One bucket. */
export class TokenBucket {
  readonly #rate: Rate;
  #fullMs = Number.NEGATIVE_INFINITY;

  constructor(perSecond: number) {
    this.#rate = rateOf(perSecond);
  }

  /** Takes a token: 0, or how long until there is one, in milliseconds. */
  take(nowMs: number): number {
    const waitMs = tokenAfterMs(this.#fullMs, this.#rate, nowMs);
    if (waitMs === 0) this.#fullMs = withoutToken(this.#fullMs, this.#rate, nowMs);
    return waitMs;
  }
}
