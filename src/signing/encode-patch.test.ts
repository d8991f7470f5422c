import { describe, expect, test } from "bun:test";
import { keys, payloads, refusalOf, sampleFiles, sampleManifest } from "../../test/support/signed-patches.ts";
import { sha256Hex } from "../bytes/index.ts";
import { diffFiles, type SetFile } from "../delta/index.ts";
import { openEnvelope, parseManifest } from "../trust/index.ts";
import { describeChanges, encodeManifest, encodePatch } from "./encode-patch.ts";
import { signManifest } from "./sign.ts";

/** The same value with the keys of all its objects the other way round. */
function reversed<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value), (_, each) =>
    each !== null && typeof each === "object" && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toReversed())
      : each,
  );
}

describe("encodeManifest", () => {
  test("is the same for the same content, in whatever order its keys stand", () => {
    const bytes = encodeManifest(sampleManifest());
    expect(encodeManifest(reversed(sampleManifest()))).toEqual(bytes);
    expect(parseManifest(bytes)).toEqual(sampleManifest());
    expect(new TextDecoder().decode(bytes)).toStartWith(
      '{"format":1,"site":"default","strict":false,"from":"sha256:',
    );
  });

  test("refuses what no node would take", () => {
    expect(refusalOf(() => encodeManifest(sampleManifest({ sequence: 0 })))).toStartWith("patch.format: ");
    expect(refusalOf(() => encodeManifest(sampleManifest({ site: "a site" })))).toStartWith("patch.format: ");
  });
});

describe("describeChanges", () => {
  const setFile = (path: string, text: string): SetFile => {
    const bytes = new TextEncoder().encode(text);
    return { path, size: bytes.length, sha256: sha256Hex(bytes), read: () => bytes };
  };

  test("turns what diffFiles answers into the manifest's files and their payloads", async () => {
    const long = "The quick brown fox jumps over the lazy dog.\n".repeat(50);
    const old = [setFile("a", long), setFile("b", "kept")];
    const targets = [setFile("a", long.replace("lazy", "sleepy")), setFile("c", "kept"), setFile("d", "new")];
    const { files, payloads } = describeChanges(await diffFiles(old, targets));
    expect(files.map(({ path, op }) => [path, op])).toEqual([
      ["a", "delta"],
      ["c", "keep"],
      ["d", "full"],
    ]);
    const carried = files.flatMap((file) => (file.op === "keep" ? [] : [file.payload]));
    expect(carried).toEqual(payloads.map((bytes) => ({ size: bytes.length, sha256: sha256Hex(bytes) })));
    expect(files[0]).toMatchObject({ source: old[0]!.sha256, sha256: targets[0]!.sha256 });
  });

  test("refuses a format of deltas that no patch carries", () => {
    const change = { ...sampleFiles[1]!, op: "delta", source: "", payload: payloads[0]! } as const;
    expect(refusalOf(() => describeChanges([{ ...change, method: "bsdiff40" }]))).toBe(
      "patch.format: no patch carries bsdiff40 deltas",
    );
  });
});

describe("encodePatch", () => {
  const manifest = encodeManifest(sampleManifest());
  const signature = signManifest(manifest, keys.alice, "x");

  test("lays out what openEnvelope reads, payloads behind it", () => {
    const patch = encodePatch(manifest, payloads, [signature, signature]);
    const envelope = openEnvelope(patch);
    expect([...envelope.manifest]).toEqual([...manifest]);
    expect([...envelope.signatures]).toEqual([...signature, ...signature]);
    expect(new TextDecoder().decode(patch.subarray(envelope.payloadsOffset))).toBe("a deltawhole");
  });

  test("refuses a patch without signatures, and blocks that are too long", () => {
    expect(refusalOf(() => encodePatch(manifest, payloads, []))).toStartWith("patch.format: ");
    const many = Array.from({ length: 300 }, () => signature);
    expect(refusalOf(() => encodePatch(manifest, payloads, many))).toContain(
      "a signatures block of 1 to 65536",
    );
    expect(refusalOf(() => encodePatch(new Uint8Array(1024 * 1024 + 1), [], [signature]))).toContain(
      "a manifest block of 1 to 1048576",
    );
  });
});
