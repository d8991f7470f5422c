/**
 * How a pool gets the next clean instance: put the last one back (`copy`), or make a new one (`fresh`).
 * Both mean the same to the guest; which is quicker depends on the size of the memory and is measured.
 */

export type Strategy = "copy" | "fresh";

/** Measurements of each kind before the choice is made. */
const samplesWanted = 3;

/** Restoring is timed again after so many, since caches and neighbours change what it costs. */
const sampleEvery = 64;

export class StrategyChoice {
  readonly #possible: boolean;
  readonly #why: string;
  #createMs: number[] = [];
  #restoreMs: number[] = [];
  #restores = 0;

  /** `unrestorable`: why instances cannot be put back, empty when they can. */
  constructor(unrestorable: readonly string[]) {
    this.#possible = unrestorable.length === 0;
    this.#why = unrestorable.join("; ");
  }

  /** What to do with an instance that has run. */
  get strategy(): Strategy {
    if (!this.#possible) return "fresh";
    if (this.#restoreMs.length < samplesWanted || this.#createMs.length === 0) return "copy";
    return median(this.#restoreMs) <= Math.min(...this.#createMs) ? "copy" : "fresh";
  }

  /** The choice in words, with what was measured. */
  get why(): string {
    if (!this.#possible) return this.#why;
    if (this.#restoreMs.length === 0) return "its state can be put back; nothing measured yet";
    const [restore, create] = [median(this.#restoreMs), Math.min(...this.#createMs)];
    return `putting back takes ${formatUs(restore)}, a new instance ${formatUs(create)}`;
  }

  /** Whether the next restore is one to be timed. */
  wantsSample(): boolean {
    return this.#restoreMs.length < samplesWanted || ++this.#restores % sampleEvery === 0;
  }

  restored(ms: number): void {
    this.#restoreMs = [...this.#restoreMs, ms].slice(-samplesWanted);
  }

  created(ms: number): void {
    this.#createMs = [...this.#createMs, ms].slice(-samplesWanted);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function formatUs(ms: number): string {
  return `${(ms * 1000).toFixed(ms < 0.1 ? 1 : 0)} µs`;
}
