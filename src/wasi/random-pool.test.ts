import { expect, test } from "bun:test";
import { GuestMemory } from "./guest-memory.ts";
import { putRandom } from "./random-pool.ts";

/** Random bytes with one more on either side, which must stay 0. */
function draw(length: number): Uint8Array {
  const buffer = new ArrayBuffer(length + 2);
  const memory = new GuestMemory();
  memory.attach({ buffer });
  putRandom(memory, 1, length);
  const bytes = new Uint8Array(buffer);
  expect([bytes[0], bytes[length + 1]]).toEqual([0, 0]);
  return bytes.subarray(1, length + 1);
}

const random = (length: number): string => Buffer.from(draw(length)).toString("hex");

test("putRandom never hands out the same bytes twice, across the end of its pool", () => {
  const drawn = Array.from({ length: 2000 }, () => random(16));
  expect(new Set(drawn).size).toBe(drawn.length);
});

test("putRandom fills whatever it is given, to the last byte", () => {
  for (const length of [1, 7, 255, 256, 257, 5000]) {
    const seen = new Uint8Array(length);
    for (let turn = 0; turn < 20; turn++) {
      const bytes = draw(length);
      for (let i = 0; i < length; i++) seen[i]! |= bytes[i]!;
    }
    expect(seen.every((byte) => byte !== 0)).toBe(true);
  }
});

test("putRandom fills nothing", () => {
  expect(random(0)).toBe("");
});
