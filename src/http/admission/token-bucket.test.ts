import { describe, expect, test } from "bun:test";
import { createRandom } from "../../../test/support/random.ts";
import { TokenBucket } from "./token-bucket.ts";

/** How many of `count` requests at once get a token. */
function burst(bucket: TokenBucket, count: number, nowMs: number): number {
  return Array.from({ length: count }, () => bucket.take(nowMs)).filter((waitMs) => waitMs === 0).length;
}

describe("TokenBucket", () => {
  test.each([
    [1, 1, 1000],
    [5, 5, 200],
    [1000, 1000, 1],
    [2.5, 2, 200],
    [0.5, 1, 2000],
    [0.001, 1, 1_000_000],
  ])("with %p a second has %p at first, and the next after %p ms", (perSecond, first, nextMs) => {
    const bucket = new TokenBucket(perSecond);
    expect(burst(bucket, first + 10, 5)).toBe(first);
    expect(bucket.take(5)).toBeCloseTo(nextMs, 3);
    expect(bucket.take(5 + nextMs - 0.01)).toBeGreaterThan(0);
    expect(bucket.take(5 + nextMs + 0.01)).toBe(0);
    expect(bucket.take(5 + nextMs + 0.01)).toBeGreaterThan(0);
  });

  test("is full again after a second, and never fuller", () => {
    const bucket = new TokenBucket(7);
    for (const nowMs of [0, 1000, 1e9]) expect(burst(bucket, 100, nowMs)).toBe(7);
  });

  test("tells the wait after which there is a token, and refusing costs none", () => {
    const random = createRandom();
    const bucket = new TokenBucket(13);
    let nowMs = 0;
    for (let i = 0; i < 2000; i++) {
      const waitMs = bucket.take(nowMs);
      nowMs += waitMs === 0 ? random.below(60) : waitMs + 1e-6;
      if (waitMs > 0) expect([random.seed, i, bucket.take(nowMs)]).toEqual([random.seed, i, 0]);
    }
  });

  test("lets no second have more than two seconds' worth, and all of them no more than the rate", () => {
    const random = createRandom();
    const perSecond = 20;
    const bucket = new TokenBucket(perSecond);
    const taken: number[] = [];
    for (let nowMs = 0; nowMs < 60_000; nowMs += random.below(30)) {
      if (bucket.take(nowMs) === 0) taken.push(nowMs);
    }
    for (const begin of taken) {
      const within = taken.filter((each) => each >= begin && each < begin + 1000).length;
      expect([random.seed, within <= 2 * perSecond]).toEqual([random.seed, true]);
    }
    expect(taken.length).toBeLessThanOrEqual(60 * perSecond + perSecond);
    expect(taken.length).toBeGreaterThan(59 * perSecond);
  });
});
