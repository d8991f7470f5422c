import { describe, expect, test } from "bun:test";
import { suffixArray } from "./suffix-array.ts";

/** The definition itself: all suffixes, sorted as byte strings. */
function sorted(text: Uint8Array): number[] {
  return Array.from(text.keys()).sort((a, b) => Buffer.compare(text.subarray(a), text.subarray(b)));
}

const fixed: readonly (readonly [string, Uint8Array])[] = [
  ["nothing", new Uint8Array(0)],
  ["one byte", Uint8Array.of(7)],
  ["equal bytes", new Uint8Array(500)],
  ["rising bytes", Uint8Array.from({ length: 256 }, (_, i) => i)],
  ["falling bytes", Uint8Array.from({ length: 256 }, (_, i) => 255 - i)],
  ["one LMS suffix", Uint8Array.of(2, 1, 2)],
  ["mississippi", new TextEncoder().encode("mississippi")],
  ["a Fibonacci word", fibonacci(600)],
  ["a period of 3", Uint8Array.from({ length: 301 }, (_, i) => i % 3)],
];

function fibonacci(length: number): Uint8Array {
  let [a, b] = ["a", "ab"];
  while (b.length < length) [a, b] = [b, b + a];
  return new TextEncoder().encode(b.slice(0, length));
}

describe("suffixArray", () => {
  test.each(fixed)("sorts %s", (_, text) => {
    expect([...suffixArray(text)]).toEqual(sorted(text));
  });

  test("agrees with a sort of all suffixes on 2,000 random texts of few and many letters", () => {
    let state = 1;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let round = 0; round < 2000; round++) {
      const letters = 1 + random(round % 2 === 0 ? 3 : 256);
      const text = Uint8Array.from({ length: random(80) }, () => random(letters));
      expect([...suffixArray(text)]).toEqual(sorted(text));
    }
  });
});
