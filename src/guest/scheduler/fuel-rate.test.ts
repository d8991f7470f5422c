import { describe, expect, test } from "bun:test";
import { FuelRate } from "./fuel-rate.ts";

/** The refill behind so many of them, in code that burns this many units a microsecond. */
function refillAfter(rate: FuelRate, unitsPerUs: number, refills: number): number {
  for (let i = 0; i < refills; i++) rate.burnt(rate.refill, rate.refill / unitsPerUs / 1000);
  return rate.refill;
}

describe("FuelRate", () => {
  test("comes to what a module burns in 50 µs", () => {
    expect(refillAfter(new FuelRate(), 400, 20)).toBe(20_000);
  });

  test.each([
    [8000, 250_000],
    [1, 1000],
  ])("keeps a refill of %d units a microsecond within %d", (unitsPerUs, refill) => {
    expect(refillAfter(new FuelRate(), unitsPerUs, 100)).toBe(refill);
  });

  test("falls at once and rises slowly: code may become slower at any time", () => {
    const rate = new FuelRate();
    refillAfter(rate, 800, 20);
    expect(refillAfter(rate, 50, 1)).toBe(2500);
    expect(refillAfter(rate, 800, 1)).toBe(3750);
  });

  test("takes no clock that stands still for a rate without bounds", () => {
    const rate = new FuelRate();
    rate.burnt(5000, 0);
    expect(rate.refill).toBe(7500);
  });
});
