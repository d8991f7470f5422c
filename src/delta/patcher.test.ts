import { expect, test } from "bun:test";
import { memoryReader } from "./byte-reader.ts";
import { addDense } from "./patcher.ts";

const source = Uint8Array.from({ length: 64 }, (_, i) => 3 * i);
const differences = Uint8Array.from({ length: 64 }, (_, i) => (i % 5 === 2 ? 250 + i : 0));

test("addDense adds each difference to its source byte, wherever they lie and however many they are", () => {
  for (let start = 0; start < 9; start++) {
    for (let length = 0; length < 24; length++) {
      const reader = memoryReader("difference", differences.subarray(start, start + length));
      const target = new Uint8Array(40).fill(0xaa);
      addDense(reader, target, 3, source, 7, length);
      const expected = new Uint8Array(40).fill(0xaa);
      for (let i = 0; i < length; i++) expected[3 + i] = source[7 + i]! + differences[start + i]!;
      expect({ start, length, target }).toEqual({ start, length, target: expected });
    }
  }
});

test("addDense goes from piece to piece", () => {
  const pieces = [1, 2, 3, 5, 8, 13].map((length, i) => differences.subarray(i * 3, i * 3 + length));
  const all = new Uint8Array(Buffer.concat(pieces));
  const reader = memoryReader("difference", new Uint8Array(0));
  reader.refill = () => {
    reader.chunk = pieces.shift()!;
    reader.at = 0;
    return true;
  };
  const target = new Uint8Array(32);
  addDense(reader, target, 0, source, 0, 32);
  expect(target).toEqual(all.map((difference, i) => source[i]! + difference));
});
