import { describe, expect, test } from "bun:test";
import { keys, refusalOf } from "../../test/support/signed-patches.ts";
import { adoptSignature, signManifest } from "./sign.ts";

const manifest = new TextEncoder().encode("a manifest");
const text = new TextDecoder();

describe("signManifest", () => {
  test("is the same for the same manifest, key and comment: Ed25519 needs no chance", () => {
    const signed = signManifest(manifest, keys.alice, "v2");
    expect(signManifest(manifest, keys.alice, "v2")).toEqual(signed);
    expect(text.decode(signed).split("\n").slice(0, 3)).toEqual([
      "untrusted comment: emend patch",
      expect.stringMatching(/^RUQBAQEBAQEBA.{86}=$/),
      "trusted comment: v2",
    ]);
  });

  for (const comment of ["two\nlines", "a bell\x07"]) {
    test(`refuses the comment ${JSON.stringify(comment)}`, () => {
      expect(refusalOf(() => signManifest(manifest, keys.alice, comment))).toStartWith("patch.format: ");
    });
  }
});

describe("adoptSignature", () => {
  const own = text.decode(signManifest(manifest, keys.alice, "timestamp:1\tfile:m\thashed"));
  const foreign = own.replace("emend patch", "signature from minisign secret key");

  test("rewrites the first line, which nothing covers, and no other", () => {
    expect(text.decode(adoptSignature(foreign))).toBe(own);
    expect(text.decode(adoptSignature(foreign.replaceAll("\n", "\r\n")))).toBe(own);
    expect(text.decode(adoptSignature(own))).toBe(own);
  });

  const refused: readonly (readonly [name: string, text: string])[] = [
    ["nothing", ""],
    ["what does not begin with a comment", own.split("\n").slice(1).join("\n")],
    ["two signatures", foreign + own],
    ["a legacy one", foreign.replace("\nRUQ", "\nRWQ")],
    ["a public key", "untrusted comment: x\nRWTp4H20y38uxU/tqs/bulJ2p3qH0DrX/cd0+3wkOG2ZqUr/g2G3YCza\n"],
  ];
  for (const [name, text] of refused) {
    test(`refuses ${name}`, () =>
      expect(refusalOf(() => adoptSignature(text))).toStartWith("patch.format: "));
  }
});
