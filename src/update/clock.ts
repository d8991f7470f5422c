/** Time, so that tests can let it pass. */
export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Calls once, later; not any more when disposed. */
  after(ms: number, call: () => void): Disposable;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    // A node that wants to end does not wait for a verdict.
    timer.unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
