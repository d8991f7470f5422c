/** How many requests there were lately, and how many of them failed: a sliding window of ten buckets. */

const buckets = 10;

export class FailureWindow {
  readonly #bucketMs: number;
  readonly #requests = new Uint32Array(buckets);
  readonly #failures = new Uint32Array(buckets);
  /** Number of the newest bucket, counted from time zero. */
  #newest: number;
  /** Sums over the buckets. */
  requests = 0;
  failures = 0;

  /** The window is between 0.9 and 1 times as long as it says: the newest bucket is still being filled. */
  constructor(windowMs: number, nowMs: number) {
    this.#bucketMs = windowMs / buckets;
    this.#newest = Math.floor(nowMs / this.#bucketMs);
  }

  add(failed: boolean, nowMs: number): void {
    this.advance(nowMs);
    const at = this.#newest % buckets;
    this.#requests[at]!++;
    this.requests++;
    if (!failed) return;
    this.#failures[at]!++;
    this.failures++;
  }

  /** Forgets what is too old. A clock that stands or goes back forgets nothing. */
  advance(nowMs: number): void {
    const newest = Math.floor(nowMs / this.#bucketMs);
    if (newest <= this.#newest) return;
    const oldest = Math.max(this.#newest + 1, newest - buckets + 1);
    for (let bucket = oldest; bucket <= newest; bucket++) this.#forget(bucket % buckets);
    this.#newest = newest;
  }

  clear(): void {
    this.#requests.fill(0);
    this.#failures.fill(0);
    this.requests = 0;
    this.failures = 0;
  }

  #forget(at: number): void {
    this.requests -= this.#requests[at]!;
    this.failures -= this.#failures[at]!;
    this.#requests[at] = 0;
    this.#failures[at] = 0;
  }
}
