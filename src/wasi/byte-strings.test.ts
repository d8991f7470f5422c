import { expect, test } from "bun:test";
import { encodeByteStrings, toByteString } from "./byte-strings.ts";

test("encodeByteStrings ends each string with a NUL, one byte a character", () => {
  const { count, block } = encodeByteStrings(["a=1", "", "\xff"]);
  expect([count, [...block]]).toEqual([3, [0x61, 0x3d, 0x31, 0, 0, 0xff, 0]]);
});

test("encodeByteStrings of nothing is nothing", () => {
  expect(encodeByteStrings([])).toEqual({ count: 0, block: Buffer.alloc(0) });
});

test("toByteString is a text's UTF-8, and a text of ASCII itself", () => {
  expect([toByteString("plain"), toByteString("é"), toByteString("😀")]).toEqual([
    "plain",
    "\xc3\xa9",
    "\xf0\x9f\x98\x80",
  ]);
});
