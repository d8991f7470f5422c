import { describe, expect, test } from "bun:test";
import { keys, refusalOf } from "../../test/support/signed-patches.ts";
import { signManifest } from "../signing/index.ts";
import { isFileSignedBy, parseSignatures } from "./signature-file.ts";

const manifest = new TextEncoder().encode("a manifest");
const file = new TextDecoder().decode(signManifest(manifest, keys.alice, "sequence 7\tof a test, ü"));
const lines = file.split("\n");
const parse = (text: string): ReturnType<typeof parseSignatures> =>
  parseSignatures(new TextEncoder().encode(text));

/** The file with one line replaced. */
const withLine = (at: number, line: string): string => lines.with(at, line).join("\n");

describe("parseSignatures", () => {
  test("reads one file, and several back to back", () => {
    const [only] = parse(file);
    expect(only!.keyNumber).toBe("0101010101010101");
    expect(only!.trustedComment).toBe("sequence 7\tof a test, ü");
    expect(parse(file.repeat(3)).length).toBe(3);
  });

  const refused: readonly (readonly [name: string, text: string, says: string])[] = [
    ["nothing", "", "4 lines"],
    ["a line end alone", "\n", "4 lines"],
    ["three lines", lines.slice(1).join("\n"), "4 lines"],
    ["a line too many", `${file}\n`, "4 lines"],
    ["no last line end", file.trimEnd(), "4 lines"],
    [
      "another first line",
      withLine(0, "untrusted comment: signature from minisign secret key"),
      "first line",
    ],
    ["a space behind the first line", withLine(0, `${lines[0]} `), "first line"],
    ["carriage returns", file.replaceAll("\n", "\r\n"), "first line"],
    ["a signature cut short", withLine(1, lines[1]!.slice(4)), "74 bytes in canonical base64"],
    ["a signature without padding", withLine(1, lines[1]!.replace("=", "")), "74 bytes"],
    ["the legacy algorithm", withLine(1, lines[1]!.replace(/^RUQ/, "RWQ")), "found the legacy Ed"],
    ["another algorithm", withLine(1, `A${lines[1]!.slice(1)}`), "the algorithm ED"],
    ["no trusted comment", withLine(2, "comment: x"), "third line"],
    ["a control character in it", withLine(2, "trusted comment: \u001b[31m"), "control characters"],
    ["a global signature cut short", withLine(3, lines[3]!.slice(4)), "64 bytes in canonical base64"],
  ];
  for (const [name, text, says] of refused) {
    test(`refuses ${name}`, () => {
      const refusal = refusalOf(() => parse(text));
      expect(refusal).toStartWith("patch.format: a signature of the patch: ");
      expect(refusal).toContain(says);
    });
  }

  test("refuses what is not UTF-8", () => {
    const bytes = new TextEncoder().encode(file);
    bytes[bytes.indexOf(0xc3)] = 0xff;
    expect(refusalOf(() => parseSignatures(bytes))).toContain("expected UTF-8");
  });
});

describe("isFileSignedBy", () => {
  const [read] = parse(file);
  const key = keys.alice.publicKey.key;

  test("accepts both signatures of the key", () => expect(isFileSignedBy(key, manifest, read!)).toBe(true));

  test("refuses another manifest, key or trusted comment", () => {
    expect(isFileSignedBy(key, new TextEncoder().encode("b manifest"), read!)).toBe(false);
    expect(isFileSignedBy(keys.bob.publicKey.key, manifest, read!)).toBe(false);
    expect(isFileSignedBy(key, manifest, { ...read!, trustedComment: "sequence 8" })).toBe(false);
    const [other] = parseSignatures(signManifest(manifest, keys.alice, "x"));
    expect(isFileSignedBy(key, manifest, { ...read!, globalSignature: other!.globalSignature })).toBe(false);
  });
});
