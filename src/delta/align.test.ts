import { describe, expect, test } from "bun:test";
import { align, alignCosts, type Stretch, steadyCosts } from "./align.ts";
import { SourceIndex } from "./source-index.ts";

function random(length: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const a = random(4000, 1);
const b = random(3000, 2);
const changed = a.map((byte, i) => (i % 50 === 25 ? byte + 1 : byte));

/** Bytes of the target that are not equal to the source byte they are made from, or are its own. */
function unlike(source: Uint8Array, target: Uint8Array, stretches: readonly Stretch[]): number {
  let [at, count] = [0, 0];
  for (const { sourceOffset, add, copy } of stretches) {
    for (let i = 0; i < add; i++) if (source[sourceOffset + i] !== target[at + i]) count++;
    count += copy;
    at += add + copy;
  }
  return count;
}

describe("align", () => {
  test.each([
    ["equal files", a, a, 0, 1],
    ["an empty target", a, new Uint8Array(0), 0, 0],
    ["an empty source", new Uint8Array(0), b, b.length, 1],
    ["unrelated files", a, b, b.length, 1],
    ["a start in the middle", join(b, a), a, 0, 1],
    ["two halves that changed places", join(a, b), join(b, a), 0, 2],
    ["an insertion", a, join(a.subarray(0, 2000), b.subarray(0, 100), a.subarray(2000)), 100, 2],
    ["a deletion", join(a.subarray(0, 2000), b, a.subarray(2000)), a, 0, 2],
    ["single changed bytes", a, changed, 80, 1],
    ["a repetition", a, join(a, a, a), 0, 3],
  ] as const)("makes %s from as few changes and jumps as can be", (_, source, target, changes, jumps) => {
    const stretches = align(new SourceIndex(source), target);
    const length = stretches.reduce((sum, { add, copy }) => sum + add + copy, 0);
    expect(length).toBe(target.length);
    expect(unlike(source, target, stretches)).toBeLessThanOrEqual(changes);
    expect(stretches.length).toBeLessThanOrEqual(jumps);
    for (const { sourceOffset, add } of stretches)
      expect(sourceOffset + add).toBeLessThanOrEqual(source.length);
  });

  test("follows a table whose every entry moved, back from the only match behind it", () => {
    // Entries of 4 bytes, all 16 more than before: no 8 equal bytes anywhere, yet one diagonal fits.
    const table = (shift: number): Uint8Array =>
      new Uint8Array(Uint32Array.from({ length: 2000 }, (_, i) => i * 700 + shift).buffer);
    const source = join(table(0), a);
    const target = join(b.subarray(0, 64), table(16), a);
    const stretches = align(new SourceIndex(source), target);
    expect(stretches.reduce((sum, { copy }) => sum + copy, 0)).toBeLessThanOrEqual(80);
  });

  test.each([
    ["alignCosts", alignCosts, 3, 0],
    ["steadyCosts", steadyCosts, 1, 8],
  ] as const)(
    "by %s leaves a diagonal of changes for equal bytes elsewhere, or stays",
    (_, costs, jumps, changes) => {
      const target = a.map((byte, i) => (i >= 2000 && i < 2032 && i % 4 === 1 ? byte + i : byte));
      const source = join(a, b, target.subarray(1996, 2036));
      const stretches = align(new SourceIndex(source), target, costs);
      expect(stretches.length).toBe(jumps);
      expect(unlike(source, target, stretches)).toBe(changes);
    },
  );
});
