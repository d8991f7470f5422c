/**
 * How a pool gets the next clean instance: put the last one back (`copy`), or make a new one (`fresh`).
 * Both mean the same to the guest; which is quicker depends on the size of the memory and is measured.
 */

export type Strategy = "copy" | "fresh";

/** Measurements of each kind that are kept; the choice is made when there are so many. */
const samplesKept = 5;

/** Of so many runs one is measured, whichever way is taken: caches and neighbours change what each costs. */
const sampleEvery = 64;

export class StrategyChoice {
  readonly #possible: boolean;
  readonly #why: string;
  #createMs: number[] = [];
  #restoreMs: number[] = [];
  #touchedOnly = false;
  #runs = 0;
  #strategy: Strategy;

  /** `unrestorable`: why instances cannot be put back, empty when they can. */
  constructor(unrestorable: readonly string[]) {
    this.#possible = unrestorable.length === 0;
    this.#why = unrestorable.join("; ");
    this.#strategy = this.#possible ? "copy" : "fresh";
  }

  /** What to do with an instance that has run. */
  get strategy(): Strategy {
    return this.#strategy;
  }

  /** The choice in words, with what was measured. */
  get why(): string {
    if (!this.#possible) return this.#why;
    if (this.#restoreMs.length === 0) return "its state can be put back; nothing measured yet";
    const [restore, create] = [median(this.#restoreMs), Math.min(...this.#createMs)];
    const what = this.#touchedOnly ? "putting back the touched pages" : "putting back";
    return `${what} takes ${formatUs(restore)}, a new instance ${formatUs(create)}`;
  }

  /** Whether instances can be put back at all, and the next one should be so as to measure it. */
  wantsSample(): boolean {
    return this.#possible && (this.#restoreMs.length < samplesKept || ++this.#runs % sampleEvery === 0);
  }

  /** `touchedOnly`: of a memory only what was ever touched had to be cleared. */
  restored(ms: number, touchedOnly = false): void {
    this.#touchedOnly = touchedOnly;
    this.#restoreMs = [...this.#restoreMs, ms].slice(-samplesKept);
    this.#choose();
  }

  created(ms: number): void {
    this.#createMs = [...this.#createMs, ms].slice(-samplesKept);
    this.#choose();
  }

  #choose(): void {
    if (!this.#possible || this.#restoreMs.length < samplesKept || this.#createMs.length === 0) return;
    this.#strategy = median(this.#restoreMs) <= Math.min(...this.#createMs) ? "copy" : "fresh";
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function formatUs(ms: number): string {
  return `${(ms * 1000).toFixed(ms < 0.1 ? 1 : 0)} µs`;
}
