import { expect, test } from "bun:test";
import { decodeMaps, encodeMaps } from "./maps.ts";
import { Piecewise } from "./piecewise.ts";
import { spaceCount } from "./space.ts";

/** The example of README.md. */
const example = Uint8Array.of(
  ...[0xe8, 0x07, 1, 0, 0, 2, 0, 0, 0],
  ...[0x28, 0x80, 0x08, 0x80, 0x08, 0x02, 0x70, 0x10],
);

test("encodeMaps writes the example of README.md", () => {
  const spaces = Array.from({ length: spaceCount }, (_, space) => {
    if (space === 0) return new Piecewise(Float64Array.of(40), Float64Array.of(2));
    if (space === 3) return new Piecewise(Float64Array.of(1024, 2048), Float64Array.of(-16, 0));
    return new Piecewise(new Float64Array(0), new Float64Array(0));
  });
  expect(encodeMaps({ targetLength: 1000, spaces })).toEqual(example);
});

test("decodeMaps reads it", () => {
  const { targetLength, spaces } = decodeMaps(example);
  expect(targetLength).toBe(1000);
  expect([39, 40, 41].map((value) => spaces[0]!.get(value))).toEqual([39, 42, 43]);
  expect([1023, 1024, 2047, 2048].map((value) => spaces[3]!.get(value))).toEqual([1023, 1008, 2031, 2048]);
});
