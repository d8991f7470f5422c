/** The clock that never goes back, in nanoseconds since this process began, with what it tells of a fraction. */
export function monotonicNs(): number {
  return performance.now() * 1e6;
}
