import { describe, expect, test } from "bun:test";
import { decodeBase64 } from "./base64.ts";

describe("decodeBase64", () => {
  test("decodes what encodes to the same text", () => {
    expect(decodeBase64("aGk=", 2)).toEqual(new Uint8Array([0x68, 0x69]));
    expect(decodeBase64("", 0)).toEqual(new Uint8Array());
  });

  const refused: readonly (readonly [name: string, text: string, length: number])[] = [
    ["unused bits that are not 0", "aGl=", 2],
    ["missing padding", "aGk", 2],
    ["white space in place of a digit", "aG =", 2],
    ["white space beside the digits", "aGk= ", 2],
    ["the URL alphabet", "_-__", 3],
    ["another length", "aGk=", 3],
    ["one byte less in as many digits", "aGk=", 1],
    ["what is no base64", "a\u00e9k=", 2],
  ];
  for (const [name, text, length] of refused) {
    test(`refuses ${name}`, () => expect(decodeBase64(text, length)).toBe(null));
  }
});
