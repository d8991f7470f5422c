import { expect, test } from "bun:test";
import { fillRandom } from "./random-pool.ts";

const random = (length: number): string => {
  const bytes = new Uint8Array(length);
  fillRandom(bytes);
  return Buffer.from(bytes).toString("hex");
};

test("fillRandom never hands out the same bytes twice, across the end of its pool", () => {
  const drawn = Array.from({ length: 2000 }, () => random(16));
  expect(new Set(drawn).size).toBe(drawn.length);
});

test("fillRandom fills whatever it is given, to the last byte", () => {
  for (const length of [1, 7, 255, 256, 257, 5000]) {
    const seen = new Uint8Array(length);
    for (let turn = 0; turn < 20; turn++) {
      const bytes = new Uint8Array(length);
      fillRandom(bytes);
      for (let i = 0; i < length; i++) seen[i]! |= bytes[i]!;
    }
    expect(seen.every((byte) => byte !== 0)).toBe(true);
  }
});

test("fillRandom fills nothing", () => {
  expect(random(0)).toBe("");
});
