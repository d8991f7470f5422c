import { describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { applyDelta, deltaFormats, describeDelta } from "./apply.ts";
import { diffDelta } from "./diff.ts";
import { SourceIndex } from "./source-index.ts";

const source = new TextEncoder().encode("one two three four five six seven eight nine ten. ".repeat(40));
const target = new TextEncoder().encode("one two tree four five six seven eight nine ten! ".repeat(41));

describe("diffDelta", () => {
  test("auto takes the smallest of what it tried", async () => {
    const { delta, format, tried } = await diffDelta(source, target);
    expect(tried.length).toBeGreaterThan(1);
    expect(delta.length).toBe(Math.min(...tried.map(({ size }) => size)));
    expect(tried.find((each) => each.format === format)?.size).toBe(delta.length);
  });

  test("refuses a plan that needs more memory than allowed, and one past its deadline", async () => {
    await expect(diffDelta(source, target, { memoryBytesMax: 1000 })).rejects.toMatchObject({
      code: "delta.budget",
    });
    await expect(diffDelta(source, target, { deadlineMs: 5, now: () => 6 })).rejects.toMatchObject({
      code: "delta.budget",
    });
  });

  test("emend-wasm of what is no module is refused", async () => {
    await expect(diffDelta(source, target, { format: "emend-wasm" })).rejects.toMatchObject({
      code: "delta.format",
    });
  });

  test("one index serves many targets", async () => {
    const index = new SourceIndex(source);
    for (const edited of [target, source, target.slice(100), new Uint8Array(0)]) {
      const { delta } = await diffDelta(source, edited, { index });
      expect(Buffer.compare((await applyDelta(source, delta)).target, edited)).toBe(0);
    }
  });

  test("endsley-gzip is a gzip member that any gunzip opens, with emend's digests in its extra field", async () => {
    const { delta, sourceSha256, targetSha256 } = await diffDelta(source, target, { format: "endsley-gzip" });
    expect(gunzipSync(delta).subarray(0, 16).toString()).toBe("ENDSLEY/BSDIFF43");
    expect(await describeDelta(delta)).toEqual({
      format: "endsley-gzip",
      targetSize: target.length,
      sourceDigest: sourceSha256,
      targetDigest: targetSha256,
    });
  });

  test.each(deltaFormats.filter((format) => format !== "emend-wasm"))(
    "%s says what it was made of",
    async (format) => {
      const { delta, sourceSha256, targetSha256 } = await diffDelta(source, target, { format });
      const described = await describeDelta(delta);
      expect(described.format).toBe(format);
      expect(described.targetSize).toBe(target.length);
      if (format !== "bsdiff40") {
        expect(sourceSha256).toStartWith(described.sourceDigest!);
        expect(targetSha256).toStartWith(described.targetDigest!);
      }
      const { sha256, verified } = await applyDelta(source, delta);
      expect(sha256).toBe(targetSha256);
      expect(verified).toBe(format !== "bsdiff40");
    },
  );

  test("a changed last byte of the source is no trouble, whatever is guessed", async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `call ${i % 7} ${i};`);
    const old = new TextEncoder().encode(`${lines.join("\n")}\ncall x`);
    // Each "call" changes alike, so guesses pay; the two files end in the same place.
    for (const last of [1, 5, 250]) {
      const edited = new TextEncoder().encode(new TextDecoder().decode(old).replaceAll("call", "cbll"));
      edited[edited.length - 1]! += last;
      const { delta } = await diffDelta(old, edited, { format: "emend-bsdiff" });
      expect(Buffer.compare((await applyDelta(old, delta)).target, edited)).toBe(0);
    }
  });
});
