import { describe, expect, test } from "bun:test";
import { createSha256, sha256Hex } from "./digest.ts";
import { encodeHex } from "./hex.ts";
import { randomBytes } from "./random.ts";

// FIPS 180-4, examples of SHA-256.
const examples: [text: string, digest: string][] = [
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
];
describe("SHA-256", () => {
  for (const [text, digest] of examples) {
    test(`of ${JSON.stringify(text)}, as text, as bytes and piece by piece`, () => {
      const pieces = createSha256();
      for (const letter of text) pieces.update(Buffer.from(letter));
      expect([sha256Hex(text), sha256Hex(Buffer.from(text)), pieces.hex()]).toEqual([digest, digest, digest]);
    });
  }

  test("of a part of a buffer is of that part", () => {
    expect(sha256Hex(Buffer.from("xabcx").subarray(1, 4))).toBe(examples[1]![1]);
  });
});

test("encodeHex writes two lower-case digits a byte", () => {
  expect(encodeHex(Uint8Array.of(0, 0x0a, 0xff))).toBe("000aff");
  expect(encodeHex(new Uint8Array(0))).toBe("");
});

test("randomBytes gives as many as asked for, and others each time", () => {
  const [one, other] = [randomBytes(16), randomBytes(16)];
  expect([one.length, other.length, randomBytes(0).length]).toEqual([16, 16, 0]);
  expect(encodeHex(one)).not.toBe(encodeHex(other));
});
