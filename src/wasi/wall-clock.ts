/** The wall clock that guests see, as clock and as the times of files in memory. */

/** Nanoseconds since 1970, to the microsecond. */
export function wallClockNs(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
}
