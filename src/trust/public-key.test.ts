import { describe, expect, test } from "bun:test";
import { refusalOf } from "../../test/support/signed-patches.ts";
import { parsePublicKey } from "./public-key.ts";

/** Made by minisign 0.11, which printed the number C52E7FCBB47DE0E9. */
const line = "RWTp4H20y38uxU/tqs/bulJ2p3qH0DrX/cd0+3wkOG2ZqUr/g2G3YCza";
const file = `untrusted comment: minisign public key C52E7FCBB47DE0E9\n${line}\n`;

/** A key with the given point in it. */
function keyOf(point: string): string {
  return new Uint8Array([0x45, 0x64, ...new Uint8Array(8), ...Uint8Array.fromHex(point)]).toBase64();
}

describe("parsePublicKey", () => {
  const accepted: readonly (readonly [name: string, text: string])[] = [
    ["a line", line],
    ["a line with white space around it", `  ${line}\n`],
    ["a file", file],
    ["a file with the line ends of Windows", file.replaceAll("\n", "\r\n")],
    ["a file without a last line end", file.trimEnd()],
  ];
  for (const [name, text] of accepted) {
    test(`reads ${name}`, () => {
      const { number, key, text: kept } = parsePublicKey(text);
      expect([number, key.length, kept]).toEqual(["C52E7FCBB47DE0E9", 32, line]);
      expect(key.toHex()).toStartWith("4fedaacfdbba5276");
    });
  }

  const refused: readonly (readonly [name: string, text: string, says: string])[] = [
    ["nothing", "", "found 0 lines"],
    ["a comment alone", "untrusted comment: x\n", "found 0 lines"],
    ["two keys", `${line}\n${line}\n`, "found 2 lines"],
    ["a key cut short", line.slice(0, -1), "expected 56 characters of base64, found 55"],
    ["a key with white space in it", `${line.slice(0, 20)} ${line.slice(20, -1)}`, "56 characters"],
    ["another algorithm", `A${line.slice(1)}`, "expected the algorithm Ed"],
    ["a secret key", `untrusted comment: x\nRWQAAEIy${"A".repeat(204)}\n`, "found 212"],
    ["a key of order 1", keyOf(`01${"00".repeat(31)}`), "small order"],
    ["a key of order 1 with its sign bit set", keyOf(`01${"00".repeat(30)}80`), "small order"],
    ["a key of order 2", keyOf(`ec${"ff".repeat(30)}7f`), "small order"],
    ["a key of order 4", keyOf("00".repeat(32)), "small order"],
    [
      "a key of order 8",
      keyOf("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
      "small order",
    ],
    ["0 written as 2^255 - 19", keyOf(`ed${"ff".repeat(30)}7f`), "small order"],
    ["2 written as 2^255 - 17", keyOf(`ef${"ff".repeat(30)}7f`), "not canonical"],
    ["2^255 - 1", keyOf(`${"ff".repeat(31)}7f`), "not canonical"],
  ];
  for (const [name, text, says] of refused) {
    test(`refuses ${name}`, () => {
      const refusal = refusalOf(() => parsePublicKey(text));
      expect(refusal).toStartWith("key.format: not a minisign public key: ");
      expect(refusal).toContain(says);
    });
  }
});
