import { expect, test } from "bun:test";
import { type ByteRange, parseRange } from "./byte-range.ts";

const range = (start: number, end: number): ByteRange => ({ start, end });

const cases: readonly [fieldValue: string, size: number, expected: ReturnType<typeof parseRange>][] = [
  ["bytes=0-0", 10, range(0, 1)],
  ["bytes=2-5", 10, range(2, 6)],
  ["bytes=2-", 10, range(2, 10)],
  ["bytes=9-9", 10, range(9, 10)],
  ["bytes=5-99", 10, range(5, 10)],
  ["bytes=-3", 10, range(7, 10)],
  ["bytes=-99", 10, range(0, 10)],
  ["Bytes = 1 - 2 ", 10, range(1, 3)],
  ["bytes=0-99999999999999999999999", 10, range(0, 10)],
  ["bytes=10-", 10, "unsatisfiable"],
  ["bytes=99999999999999999999999-", 10, "unsatisfiable"],
  ["bytes=-0", 10, "unsatisfiable"],
  ["bytes=0-", 0, "unsatisfiable"],
  ["bytes=-1", 0, "unsatisfiable"],
  ["bytes=5-4", 10, undefined],
  ["bytes=0-1,3-4", 10, undefined],
  ["bytes=0-1,", 10, undefined],
  ["bytes=-", 10, undefined],
  ["bytes=", 10, undefined],
  ["bytes=a-b", 10, undefined],
  ["bytes=1.5-2", 10, undefined],
  ["bytes=+1-2", 10, undefined],
  ["bytes=--1", 10, undefined],
  ["items=0-1", 10, undefined],
  ["0-1", 10, undefined],
  ["", 10, undefined],
];

test.each(cases)("parseRange %p of %p bytes", (fieldValue, size, expected) => {
  expect(parseRange(fieldValue, size)).toEqual(expected);
});
