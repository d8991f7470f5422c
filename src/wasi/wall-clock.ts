/**
 * The wall clock that guests see, as clock and as the times of files in memory. The system's own tells milliseconds:
 * the microseconds come from the monotonic clock, which is put right when the system's was set or has drifted.
 */

/** How far the two may be apart: reading them takes time, and one is cut to milliseconds. */
const driftMaxMs = 2;

/** How often they are compared. */
const compareEveryMs = 1000;

let originMs = performance.timeOrigin;
let comparedMs = Number.NEGATIVE_INFINITY;

/** Microseconds since 1970, at `nowMs` of `performance.now()`. */
export function wallClockUs(nowMs: number = performance.now()): number {
  if (nowMs - comparedMs > compareEveryMs) {
    comparedMs = nowMs;
    const driftMs = Date.now() - (originMs + nowMs);
    if (Math.abs(driftMs) > driftMaxMs) originMs += driftMs;
  }
  return Math.round((originMs + nowMs) * 1000);
}

/** Nanoseconds since 1970, to the microsecond. */
export function wallClockNs(): bigint {
  return BigInt(wallClockUs()) * 1000n;
}
