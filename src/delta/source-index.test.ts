import { describe, expect, test } from "bun:test";
import { matchBytesMin, matchLength, SourceIndex } from "./source-index.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("SourceIndex.find", () => {
  test("finds the longest match for every place of random targets, or nothing below the least length", () => {
    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let round = 0; round < 150; round++) {
      const source = Uint8Array.from({ length: random(200) }, () => random(2));
      const target = Uint8Array.from({ length: random(60) }, () => random(2));
      const index = new SourceIndex(source);
      for (let at = 0; at < target.length; at++) {
        let longest = 0;
        for (let i = 0; i < source.length; i++)
          longest = Math.max(longest, matchLength(source, i, target, at));
        const found = index.find(target, at);
        expect(found).toBe(longest < matchBytesMin ? 0 : longest);
        if (found > 0) expect(matchLength(source, index.matchOffset, target, at)).toBe(found);
      }
    }
  });

  test.each([
    ["an empty source", "", "abcdefgh", 0],
    ["a source shorter than a match", "abc", "abcdefgh", 0],
    ["a match at the very end", "xxabcdefgh", "abcdefgh", 8],
    ["a target that goes on after the source", "abcdefgh", "abcdefghi", 8],
  ])("copes with %s", (_, source, target, length) => {
    expect(new SourceIndex(bytes(source)).find(bytes(target), 0)).toBe(length);
  });
});
