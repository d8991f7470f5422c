/**
 * How much fuel a module's guests burn in a while: what a slice of time is in units that code can count. An estimate
 * per module, since it lies between 10 units a microsecond (a loop over fresh pages), 50 (one that misses the caches)
 * and 8,000 (one that the engine has compiled well).
 *
 * Nobody is charged by it: at each refill the clock is asked. It only says when, so what can go wrong is that a guest
 * holds the thread for longer than it should. Therefore the estimate falls at once and rises by half, and a refill is
 * never larger than what the slowest code burns in a few milliseconds.
 */

/** Time between two looks at the clock, which with the way out of the guest and back take 0.5 µs. */
const refillUs = 50;

/** Units of one refill. At 8,000 units a microsecond the largest lasts 31 µs, at 50 it lasts 5 ms. */
const [refillMin, refillMax] = [1000, 250_000];

export class FuelRate {
  #unitsPerUs = 100;

  /** Units to run with until the clock is looked at again. */
  get refill(): number {
    const units = this.#unitsPerUs * refillUs;
    return units < refillMin ? refillMin : units > refillMax ? refillMax : Math.floor(units);
  }

  /** A guest burnt so many units in so many milliseconds. */
  burnt(units: number, ms: number): void {
    const measured = units / Math.max(ms * 1000, 1);
    const highest = this.#unitsPerUs * 1.5;
    this.#unitsPerUs = Math.max(1, measured < highest ? measured : highest);
  }
}
