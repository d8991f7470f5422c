import { describe, expect, test } from "bun:test";
import { fitPieces } from "./fit-pieces.ts";
import { invertPieces } from "./invert-pieces.ts";
import { decodeMaps, encodeMaps } from "./maps.ts";
import { Piecewise } from "./piecewise.ts";
import { randomOf } from "./sample-module-fixture.ts";
import { spaceCount } from "./space.ts";
import { Votes } from "./votes.ts";

const pieces = (...each: readonly (readonly [number, number])[]): Piecewise =>
  new Piecewise(
    Float64Array.from(each, ([start]) => start),
    Float64Array.from(each, ([, shift]) => shift),
  );

describe("Piecewise", () => {
  const random = randomOf(7);
  const shapes: readonly (readonly [string, readonly number[]])[] = [
    ["none", []],
    ["one", [5]],
    ["negative ones", [-900, -3, 0, 12]],
    ["crowded ones and one far away", [...Array.from({ length: 300 }, (_, i) => 3 * i), 2 ** 40]],
    ["scattered ones", [...new Set(Array.from({ length: 500 }, () => random(1e6)))].sort((a, b) => a - b)],
  ];
  for (const [name, starts] of shapes) {
    test(`get finds the piece of a value among ${name}`, () => {
      const map = pieces(...starts.map((start, i) => [start, 1000 + i] as const));
      const values = [...starts.flatMap((start) => [start - 1, start, start + 1]), -(2 ** 45), 2 ** 45, 0];
      for (const value of values) {
        const piece = starts.findLastIndex((start) => start <= value);
        expect(map.get(value)).toBe(piece < 0 ? value : value + 1000 + piece);
      }
    });
  }
});

describe("encodeMaps", () => {
  test("is undone by decodeMaps", () => {
    const spaces = Array.from({ length: spaceCount }, (_, i) =>
      i === 3 ? pieces() : pieces([-5 * i, 3], [7, -(2 ** 33)], [2 ** 40 + i, i]),
    );
    const decoded = decodeMaps(encodeMaps({ targetLength: 12_345_678, spaces }));
    expect(decoded.targetLength).toBe(12_345_678);
    expect(decoded.spaces.map(({ starts, shifts }) => [starts, shifts])).toEqual(
      spaces.map(({ starts, shifts }) => [starts, shifts]),
    );
  });
});

describe("fitPieces", () => {
  const votesOf = (each: readonly (readonly [number, number, number])[]): Votes => {
    const votes = new Votes();
    for (const [target, source, count] of each) votes.add(target, source, count);
    return votes;
  };
  const cases: readonly (readonly [string, Votes, readonly (readonly [number, number])[]])[] = [
    ["no votes", votesOf([]), []],
    [
      "votes for staying",
      votesOf([
        [1, 1, 9],
        [5, 5, 9],
      ]),
      [],
    ],
    [
      "a block that moved",
      votesOf([
        [1, 1, 5],
        [12, 10, 5],
        [22, 20, 5],
        [30, 30, 9],
      ]),
      [
        [10, 2],
        [30, 0],
      ],
    ],
    [
      "one stray vote in a block",
      votesOf([
        [12, 10, 5],
        [11, 11, 1],
        [22, 20, 5],
      ]),
      [[10, 2]],
    ],
    [
      "two votes on one value",
      votesOf([
        [9, 4, 2],
        [8, 4, 30],
      ]),
      [[4, 4]],
    ],
  ];
  for (const [name, votes, expected] of cases) {
    test(`fits ${name}`, () => {
      const { starts, shifts } = fitPieces(votes, 3);
      expect([...starts].map((start, i) => [start, shifts[i]!])).toEqual(expected.map((piece) => [...piece]));
    });
  }
});

describe("invertPieces", () => {
  test("leads every value that occurs back to itself, whatever the votes", () => {
    const random = randomOf(11);
    for (let round = 0; round < 300; round++) {
      const votes = new Votes();
      const span = 20 + random(400);
      for (let i = 0; i < 60; i++) votes.add(random(span) - 20, random(span) - 20, 1 + random(9));
      const values = new Set(Array.from({ length: 150 }, () => random(2 * span) - 30));
      for (let i = 0; i < votes.size; i++) values.add(votes.targets[i]!);
      const occurring = Float64Array.from(values).sort();
      const { pieces: map, forward } = invertPieces(fitPieces(votes, 1), votes, occurring);
      for (const value of occurring) expect(map.get(forward.get(value))).toBe(value);
    }
  });
});
