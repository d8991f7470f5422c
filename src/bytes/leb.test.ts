import { describe, expect, test } from "bun:test";
import { readSignedLeb, readUnsignedLeb, signedLebLength, unsignedLebLength, writeLeb } from "./leb.ts";

const edges = [0, 1, 5, 7, 14, 20, 21, 27, 28, 31, 32, 34, 35, 40, 47].flatMap((bits) => {
  const power = 2 ** bits;
  return [power - 1, power, power + 1];
});

describe("writeLeb", () => {
  test("is undone by readUnsignedLeb, in the shortest form and padded", () => {
    for (const value of edges) {
      for (let length = unsignedLebLength(value); length <= 7; length++) {
        const bytes = new Uint8Array(9).fill(0xff);
        expect(writeLeb(bytes, 1, value, length)).toBe(1 + length);
        expect(readUnsignedLeb(bytes, 1, 1 + length)).toBe(value);
        expect(bytes.findIndex((byte, i) => i > 0 && byte < 0x80)).toBe(length);
      }
    }
  });

  test("is undone by readSignedLeb, in the shortest form and padded", () => {
    for (const value of edges.flatMap((edge) => [edge, -edge])) {
      for (let length = signedLebLength(value); length <= 7; length++) {
        const bytes = new Uint8Array(9);
        writeLeb(bytes, 1, value, length);
        expect(readSignedLeb(bytes, 1, 1 + length)).toBe(value + 0);
      }
    }
  });
});

const lengths: readonly (readonly [number, number, number])[] = [
  [0, 1, 1],
  [63, 1, 1],
  [64, 1, 2],
  [127, 1, 2],
  [128, 2, 2],
  [8191, 2, 2],
  [8192, 2, 3],
  [2 ** 28 - 1, 4, 5],
  [2 ** 32, 5, 5],
];

describe("the length of the shortest form", () => {
  for (const [value, unsigned, signed] of lengths) {
    test(`of ${value}`, () => {
      expect(unsignedLebLength(value)).toBe(unsigned);
      expect([signedLebLength(value), signedLebLength(-1 - value)]).toEqual([signed, signed]);
    });
  }
});
