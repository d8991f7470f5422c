/**
 * A token bucket for log lines. What makes it fit for a hot path is what happens when it is empty: it shuts,
 * and until a timer opens it again a refusal is one comparison and one addition, with no clock read. The timer
 * exists only while lines are being left out; at rest there is none.
 */

/** What a gate is made of. */
export interface RateGateOptions {
  /** Tokens gained a second, and how many fit. */
  readonly perSecond: number;
  /** Milliseconds of any clock; it may jump. */
  readonly now: () => number;
  /** Says how many lines were left out since the last report. */
  readonly report: (lines: number) => void;
  /** Gates that are shut at the moment register here, so that a flush can settle them. */
  readonly shut: Set<RateGate>;
}

export class RateGate {
  readonly #options: RateGateOptions;
  #tokens: number;
  #filledAtMs: number;
  #leftOut = 0;
  #isShut = false;

  constructor(options: RateGateOptions) {
    this.#options = options;
    this.#tokens = options.perSecond;
    this.#filledAtMs = options.now();
  }

  /** Whether one more line may be written now. A refused one is counted. */
  take(): boolean {
    if (this.#isShut) {
      this.#leftOut++;
      return false;
    }
    this.#fill();
    if (this.#tokens >= 1) {
      this.#tokens--;
      return true;
    }
    this.#close();
    this.#leftOut++;
    return false;
  }

  /** Reports what was left out until now. */
  settle(): void {
    const lines = this.#leftOut;
    this.#leftOut = 0;
    if (lines > 0) this.#options.report(lines);
  }

  #fill(): void {
    const nowMs = this.#options.now();
    // A clock that was set back gains nothing, one that was set forward no more than a full bucket.
    const passedMs = Math.max(0, nowMs - this.#filledAtMs);
    const { perSecond } = this.#options;
    this.#tokens = Math.min(perSecond, this.#tokens + (passedMs * perSecond) / 1000);
    this.#filledAtMs = nowMs;
  }

  #close(): void {
    this.#isShut = true;
    this.#options.shut.add(this);
    // Not a reason to keep the process alive.
    setTimeout(() => this.#open(), 1000).unref();
  }

  #open(): void {
    this.#isShut = false;
    this.#options.shut.delete(this);
    this.#tokens = this.#options.perSecond;
    this.#filledAtMs = this.#options.now();
    this.settle();
  }
}
