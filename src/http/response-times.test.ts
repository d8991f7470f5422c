import { describe, expect, test } from "bun:test";
import { createRandom } from "../../test/support/random.ts";
import { ResponseTimes } from "./response-times.ts";

/** What a quantile may be above the true one: the width of a bucket. */
const width = 2 ** 0.25;

describe("quantileMs", () => {
  test("is 0 when there were no requests", () => {
    expect(new ResponseTimes().quantileMs(0.99)).toBe(0);
  });

  const random = createRandom();
  test(`is the true quantile, rounded up to the end of its bucket (EMEND_SEED=${random.seed})`, () => {
    for (let round = 0; round < 100; round++) {
      const times = new ResponseTimes();
      const all = Array.from(
        { length: 1 + random.below(500) },
        () => 0.07 * 2 ** (random.below(20_000) / 1000),
      );
      for (const ms of all) times.add(ms);
      all.sort((a, b) => a - b);
      for (const share of [0.01, 0.5, 0.99, 1]) {
        const exact = all[Math.ceil(all.length * share) - 1]!;
        const told = times.quantileMs(share);
        expect(told).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
        expect(told).toBeLessThanOrEqual(exact * width * (1 + 1e-9));
      }
    }
  });

  test.each([
    [0, 1 / 16],
    [1e-9, 1 / 16],
    [1e9, 2 ** -4 * 2 ** (95 / 4)],
  ])("has a bucket for %p ms", (ms, told) => {
    const times = new ResponseTimes();
    times.add(ms);
    expect(times.quantileMs(0.5)).toBe(told);
  });
});
