/** A site's part of the thread: its weight, how far its clock is, and who of it waits. */
import type { Waiter } from "./scheduler.ts";

/** The weight with which a share's clock runs as fast as time. */
const weightUnit = 100;

export class CpuShare {
  /** How far the clock of this share is, in milliseconds of its weight. */
  virtualMs = 0;
  /** What its guests have used of the thread, milliseconds. */
  usedMs = 0;
  /** Longest first. Kept by the scheduler. */
  readonly waiters: Set<Waiter> = new Set();
  readonly #rate: number;

  /** `weight`: `cpu_share`, relative to those of other sites. */
  constructor(weight: number = weightUnit) {
    this.#rate = weightUnit / weight;
  }

  /** What its guests have used of the thread. */
  charge(ms: number): void {
    this.usedMs += ms;
    this.virtualMs += ms * this.#rate;
  }
}
