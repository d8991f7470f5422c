import { describe, expect, test } from "bun:test";
import { type CanaryRule, canaryVerdict, type FailureCount, type Health, watchVerdict } from "./verdict.ts";

const watchRule = { requestsMin: 200, errorRateAbove: 0.01 };
const canaryRule: CanaryRule = { requestsMin: 1000, clientsMin: 10, errorRateAbove: 0.001, p99RatioMax: 2 };
const counts = (requests: number, failures: number): FailureCount => ({ requests, failures });
const health = (requests: number, failures: number, more: Partial<Health> = {}): Health => ({
  ...counts(requests, failures),
  ...{ clients: 100, p99Ms: 10 },
  ...more,
});

describe("watchVerdict", () => {
  const cases: readonly [name: string, now: FailureCount, before: FailureCount, kind: string][] = [
    ["waits for a sample, however bad it is", counts(199, 199), counts(1000, 0), "wait"],
    ["finds a release worse that always fails", counts(200, 200), counts(1000, 0), "worse"],
    [
      "lets a release be that fails no more often than the one before",
      counts(1000, 300),
      counts(1000, 300),
      "wait",
    ],
    ["lets a release be within the margin", counts(10_000, 90), counts(10_000, 0), "wait"],
    ["lets a release be above the margin when it may be chance", counts(200, 4), counts(200, 0), "wait"],
    ["finds a release worse above the margin and beyond chance", counts(2000, 60), counts(2000, 0), "worse"],
    [
      "takes a release before that never answered for one without failures",
      counts(200, 40),
      counts(0, 0),
      "worse",
    ],
    ["is not worse for what the one before did as well", counts(2000, 60), counts(2000, 60), "wait"],
    ["finds nothing where nothing was asked", counts(0, 0), counts(0, 0), "wait"],
  ];
  test.each(cases)("%s", (_name, now, before, kind) => {
    expect(watchVerdict(now, before, watchRule).kind).toBe(kind as "wait");
  });

  test("says how often either failed", () => {
    const verdict = watchVerdict(counts(200, 100), counts(1000, 10), watchRule);
    expect(verdict).toEqual({
      kind: "worse",
      reason: "50.00 % of 200 requests failed, 1.00 % of 1000 before; at most 1.00 % more are allowed",
    });
  });

  test("condemns a release that is as good once in a hundred times at the most", () => {
    let seed = 7;
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const draw = (n: number, rate: number): FailureCount =>
      counts(n, Array.from({ length: n }).filter(() => random() < rate).length);
    let worse = 0;
    for (let round = 0; round < 1000; round++) {
      // At the very edge of what is allowed: 3 % against 2 % with a margin of 1 %.
      if (watchVerdict(draw(1000, 0.03), draw(1000, 0.02), watchRule).kind === "worse") worse++;
    }
    expect(worse).toBeLessThan(20);
  });
});

describe("canaryVerdict", () => {
  const stable = health(20_000, 0);
  const cases: readonly [name: string, canary: Health, stable: Health, over: boolean, kind: string][] = [
    ["waits for requests", health(999, 999), stable, true, "wait"],
    [
      "waits for clients: one of them alone condemns nothing",
      health(5000, 5000, { clients: 9 }),
      stable,
      true,
      "wait",
    ],
    ["waits for the end of the window", health(5000, 0), stable, false, "wait"],
    ["does not wait when it fails", health(5000, 100), stable, false, "worse"],
    ["is good after the window", health(5000, 0), stable, true, "good"],
    ["is good with failures that the other has as well", health(5000, 50), health(20_000, 200), true, "good"],
    ["waits on when failures may be chance", health(1000, 2), stable, true, "wait"],
    ["is worse when it is slow", health(5000, 0, { p99Ms: 40 }), stable, true, "worse"],
    [
      "is good when it is slower by less than the machine's noise",
      health(5000, 0, { p99Ms: 5 }),
      health(20_000, 0, { p99Ms: 1 }),
      true,
      "good",
    ],
    [
      "does not compare with times of a few requests",
      health(5000, 0, { p99Ms: 40 }),
      health(20, 0),
      true,
      "good",
    ],
  ];
  test.each(cases)("%s", (_name, canary, other, over, kind) => {
    expect(canaryVerdict(canary, other, canaryRule, over).kind).toBe(kind as "wait");
  });
});
