import { expect, test } from "bun:test";
import { sha256Hex } from "./digest.ts";
import { encodeHex } from "./hex.ts";

// FIPS 180-4, examples of SHA-256.
const examples: [text: string, digest: string][] = [
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
];
for (const [text, digest] of examples) {
  test(`sha256Hex of ${JSON.stringify(text)}, as text and as bytes`, () => {
    expect([sha256Hex(text), sha256Hex(Buffer.from(text))]).toEqual([digest, digest]);
  });
}

test("encodeHex writes two lower-case digits a byte", () => {
  expect(encodeHex(Uint8Array.of(0, 0x0a, 0xff))).toBe("000aff");
  expect(encodeHex(new Uint8Array(0))).toBe("");
});
