import { describe, expect, test } from "bun:test";
import { createRandom } from "../../../test/support/random.ts";
import { FailureWindow } from "./failure-window.ts";

describe("FailureWindow", () => {
  test("sums what is at most its length old, by tenths of it", () => {
    const window = new FailureWindow(1000, 0);
    window.add(true, 0);
    window.add(false, 99);
    window.add(true, 500);
    expect([window.requests, window.failures]).toEqual([3, 2]);
    for (const [atMs, requests, failures] of [
      [999, 3, 2],
      [1000, 1, 1],
      [1499, 1, 1],
      [1500, 0, 0],
    ] as const) {
      window.advance(atMs);
      expect([atMs, window.requests, window.failures]).toEqual([atMs, requests, failures]);
    }
  });

  test("forgets nothing when a clock goes back, and everything after a long time", () => {
    const window = new FailureWindow(1000, 5000);
    window.add(true, 5000);
    window.add(true, 4000);
    expect(window.failures).toBe(2);
    window.add(false, 1e12);
    expect([window.requests, window.failures]).toEqual([1, 0]);
  });

  test("is what a list of all requests says", () => {
    const random = createRandom();
    for (const windowMs of [1000, 3000, 10_000, 3_600_000]) {
      const bucketMs = windowMs / 10;
      let nowMs = random.below(100_000);
      const window = new FailureWindow(windowMs, nowMs);
      const all: { bucket: number; failed: boolean }[] = [];
      for (let i = 0; i < 3000; i++) {
        nowMs += random.below(10) === 0 ? random.below(2 * windowMs) : random.below(bucketMs);
        const bucket = Math.floor(nowMs / bucketMs);
        const failed = random.below(3) === 0;
        window.add(failed, nowMs);
        all.push({ bucket, failed });
        const recent = all.filter((each) => each.bucket > bucket - 10);
        const failures = recent.filter((each) => each.failed).length;
        expect([random.seed, i, window.requests, window.failures]).toEqual([
          ...[random.seed, i, recent.length],
          failures,
        ]);
        if (all.length > 200) all.splice(0, all.length - recent.length);
      }
    }
  });
});
