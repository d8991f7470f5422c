import { describe, expect, test } from "bun:test";
import { refusalOf, sampleFiles, sampleManifest } from "../../test/support/signed-patches.ts";
import { formatInstant, parseManifest } from "./manifest.ts";

const parse = (value: unknown): ReturnType<typeof parseManifest> =>
  parseManifest(new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)));
const [kept, changed, fresh] = sampleFiles;

describe("parseManifest", () => {
  test("reads what release-and-patch shows", () => {
    const manifest = { ...sampleManifest(), expires: "2026-01-08T00:00:00Z", recipient: "0".repeat(32) };
    expect(parse(manifest)).toEqual(manifest);
  });

  test("reads white space and keys in any order: the signature stands for the bytes", () => {
    const manifest = sampleManifest();
    const reversed = Object.fromEntries(Object.entries(manifest).toReversed());
    expect(parse(JSON.stringify(reversed, null, 2))).toEqual(manifest);
  });

  /** Every field away, and every field with a value of another type. */
  const names = Object.keys(sampleManifest()) as (keyof ReturnType<typeof sampleManifest>)[];
  for (const name of names) {
    test(`refuses a manifest without ${name}, and with an object in its place`, () => {
      const { [name]: _, ...rest } = sampleManifest();
      expect(refusalOf(() => parse(rest))).toStartWith(`patch.format: the manifest: ${name}: expected `);
      expect(refusalOf(() => parse({ ...rest, [name]: {} }))).toStartWith(
        `patch.format: the manifest: ${name}: expected `,
      );
    });
  }

  const refused: readonly (readonly [name: string, text: unknown, says: string])[] = [
    ["nothing", "", "one JSON document in UTF-8"],
    ["two documents", "{}{}", "one JSON document"],
    ["a byte order mark", `\ufeff${JSON.stringify(sampleManifest())}`, "one JSON document"],
    ["null", "null", "the document: expected Object"],
    ["a list", "[]", "expected"],
    ["an unknown key in a file", { ...sampleManifest(), files: [{ ...kept, mode: 0o777 }] }, "files.0.mode"],
    [
      "a wrong hash deep inside",
      { ...sampleManifest(), files: [kept, { ...changed, payload: { size: 1, sha256: "AB".repeat(32) } }] },
      "files.1.payload.sha256: expected",
    ],
    [
      "100,000 entries",
      { ...sampleManifest(), files: new Array(100_000).fill(0) },
      "files: expected <=65536",
    ],
    ["no operation", { ...sampleManifest(), files: [{ ...kept, op: undefined }] }, "files.0.op: expected"],
    [
      "a full release with a delta",
      { ...sampleManifest(), from: null, files: [changed] },
      "made from no release, but one file is delta",
    ],
    [
      "a full release that keeps what it does not bring",
      { ...sampleManifest(), from: null, files: [fresh, kept] },
      "made from no release, but one file is keep",
    ],
  ];
  for (const [name, text, says] of refused) {
    test(`refuses ${name}`, () => {
      const refusal = refusalOf(() => parse(text));
      expect(refusal).toStartWith("patch.format: the manifest: ");
      expect(refusal).toContain(says);
    });
  }

  test("refuses bytes that are not UTF-8", () => {
    expect(refusalOf(() => parseManifest(Uint8Array.of(0x22, 0xff, 0x22)))).toContain("UTF-8");
  });

  test("refuses in one short line, whatever stands in the manifest", () => {
    const refusal = refusalOf(() => parse({ ...sampleManifest(), site: "x".repeat(100_000) }));
    expect(refusal.length).toBeLessThan(300);
  });
});

describe("formatInstant", () => {
  test("is what manifests carry", () => {
    expect(formatInstant(Date.parse("2026-01-01T00:00:00.999Z"))).toBe("2026-01-01T00:00:00Z");
    expect(parse({ ...sampleManifest(), created: formatInstant(0) }).created).toBe("1970-01-01T00:00:00Z");
  });
});
