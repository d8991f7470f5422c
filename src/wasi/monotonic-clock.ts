/** The clock that never goes back, in whole nanoseconds since this process began: below 2^53 for a hundred days. */
export function monotonicNs(): number {
  return Math.round(performance.now() * 1e6);
}
