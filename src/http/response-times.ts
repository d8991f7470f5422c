/** How long requests took: a histogram of fixed buckets, each a fifth (2^¼) wider than the one before. */

/** The first bucket ends here; below it nobody tells a difference. */
const firstMs = 1 / 16;
const bucketsPerOctave = 4;
/** Up to 17 minutes. */
const buckets = 96;

export class ResponseTimes {
  readonly #counts = new Uint32Array(buckets);
  #total = 0;

  add(ms: number): void {
    const bucket = Math.ceil(Math.log2(ms / firstMs) * bucketsPerOctave);
    this.#counts[Math.min(buckets - 1, Math.max(0, bucket))]!++;
    this.#total++;
  }

  /** So many milliseconds, or less, took this share of all; the end of a bucket, 0 when there were none. */
  quantileMs(share: number): number {
    if (this.#total === 0) return 0;
    let rest = Math.ceil(this.#total * share);
    const bucket = this.#counts.findIndex((count) => {
      rest -= count;
      return rest <= 0;
    });
    return firstMs * 2 ** (bucket / bucketsPerOctave);
  }
}
