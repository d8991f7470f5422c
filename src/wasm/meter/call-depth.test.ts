import { describe, expect, test } from "bun:test";
import { stackWeights } from "./call-depth.ts";

/** Weights of functions by whom each calls; `*` calls what only running tells. Every frame has 8 values: 640 bytes. */
function weightsOf(calls: readonly string[], values: readonly number[] = []): number[] {
  const callees: number[] = [];
  const calleeEnds = Uint32Array.from(calls, (list) => {
    callees.push(
      ...list
        .split(" ")
        .filter((each) => /\d/.test(each))
        .map(Number),
    );
    return callees.length;
  });
  const callsAnything = Uint8Array.from(calls, (list) => (list.includes("*") ? 1 : 0));
  const frameValues = Uint32Array.from(calls, (_, index) => values[index] ?? 8);
  return [
    ...stackWeights({
      callees,
      calleeEnds,
      callsAnything,
      frameValues,
      catches: new Uint8Array(calls.length),
    }),
  ];
}

const frame = 640;

describe("stackWeights", () => {
  const cases: readonly (readonly [what: string, calls: string[], weights: number[]])[] = [
    ["calls that end count nothing", ["1 2", "2", ""], [0, 0, 0]],
    ["a function that calls itself counts", ["0"], [frame]],
    ["of a circle one counts, and for the others", ["1", "2", "0"], [3 * frame, 0, 0]],
    ["a longer way round counts for more", ["1 2", "0", "3", "0"], [3 * frame, 0, 0, 0]],
    ["what is called at the end of a circle is the budget's", ["0 1", "2", ""], [frame, 0, 0]],
    ["a call through a table counts", ["1", "*"], [0, frame]],
    ["on the way to one that counts", ["* 1", "2", "*"], [2 * frame, 0, frame]],
    ["two circles apart", ["0 1", "1"], [frame, frame]],
  ];
  for (const [what, calls, weights] of cases) {
    test(what, () => {
      expect(weightsOf(calls)).toEqual(weights);
    });
  }

  test("a frame too large to overlook counts", () => {
    expect(weightsOf(["1", ""], [8, 2000])).toEqual([0, 480 + 2002 * 16]);
  });

  test("no chain of a hundred thousand functions gets around", () => {
    const count = 100_000;
    const weights = weightsOf(Array.from({ length: count }, (_, i) => (i + 1 < count ? String(i + 1) : "")));
    const counted = weights.reduce((sum, weight) => sum + weight, 0);
    expect(counted).toBeGreaterThan(count * frame - 2 * 16_384);
    expect(counted).toBeLessThanOrEqual(count * frame);
  });
});
