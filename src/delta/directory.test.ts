import { describe, expect, test } from "bun:test";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { sha256Hex } from "../bytes/index.ts";
import { applyDelta } from "./apply.ts";
import { diffFiles, type FileChange, type SetFile } from "./directory.ts";

const text = (seed: number, lines = 200): string =>
  Array.from(
    { length: lines },
    (_, i) => `const v${i} = f(${Math.imul(i + 1, seed) % 9973}, "${seed}");\n`,
  ).join("");

function files(contents: Readonly<Record<string, string>>): SetFile[] {
  return Object.entries(contents).map(([path, content]) => {
    const bytes = new TextEncoder().encode(content);
    return { path, size: bytes.length, sha256: sha256Hex(bytes), read: () => bytes };
  });
}

const inflate = {
  none: (bytes: Uint8Array) => bytes,
  gzip: (bytes: Uint8Array) => new Uint8Array(gunzipSync(bytes)),
  brotli: (bytes: Uint8Array) => new Uint8Array(brotliDecompressSync(bytes)),
  zstd: (bytes: Uint8Array) => new Uint8Array(zstdDecompressSync(bytes)),
};

/** Makes every target from the changes alone and compares digests. */
async function rebuilds(sources: readonly SetFile[], changes: readonly FileChange[]): Promise<void> {
  const blobs = new Map(sources.map((file) => [file.sha256, file.read()]));
  for (const change of changes) {
    if (change.op === "keep") {
      expect(blobs.has(change.sha256)).toBe(true);
      continue;
    }
    const bytes =
      change.op === "full"
        ? inflate[change.method](change.payload)
        : (await applyDelta(blobs.get(change.source)!, change.payload)).target;
    expect(sha256Hex(bytes)).toBe(change.sha256);
    blobs.set(change.sha256, bytes);
  }
}

const old = files({
  "app.a1.js": text(7),
  "about.html": text(11),
  "same.css": text(13),
  "tiny.svg": "<svg/>",
});

describe("diffFiles", () => {
  test.each([
    ["an unchanged file", { "same.css": text(13) }, ["keep"]],
    ["a renamed file", { "other/name.css": text(13) }, ["keep"]],
    ["a file and its copy", { "a.css": text(13), "b.css": text(13) }, ["keep", "keep"]],
    ["an edited file", { "about.html": text(11).replace("v9 ", "v9x ") }, ["delta from about.html"]],
    [
      "an edited file with a new hash in its name",
      { "app.b2.js": text(7).replace("v9 ", "v9x ") },
      ["delta from app.a1.js"],
    ],
    ["a new file like none", { "logo.svg": "<svg><path d='M0 0'/></svg>" }, ["full"]],
    ["two equal new files", { "x.txt": "new ".repeat(99), "y.txt": "new ".repeat(99) }, ["full", "keep"]],
    ["an empty file", { empty: "" }, ["full"]],
    ["a tiny changed file", { "tiny.svg": "<svg />" }, ["full"]],
    ["no file at all", {}, []],
  ])("%s", async (_, contents, expected) => {
    const changes = await diffFiles(old, files(contents as Record<string, string>));
    expect(
      changes.map((change) => (change.op === "delta" ? `delta from ${change.sourcePath}` : change.op)),
    ).toEqual(expected);
    await rebuilds(old, changes);
  });

  test("against nothing, all is sent whole", async () => {
    const changes = await diffFiles([], old);
    expect(changes.map(({ op }) => op)).toEqual(["full", "full", "full", "full"]);
    await rebuilds([], changes);
  });

  test("says why a file is sent whole", async () => {
    const contents = {
      "about.html": text(11).replace("v9 ", "v9x "),
      "tiny.svg": "<svg />",
      "logo.svg": "<g/>",
    };
    const why = async (options: Parameters<typeof diffFiles>[2]): Promise<unknown[]> =>
      (await diffFiles(old, files(contents), options)).map((change) =>
        change.op === "full" ? change.why : change.op,
      );
    const larger = { reason: "larger", sourcePath: "tiny.svg", deltaBytes: expect.any(Number) };
    expect(await why({})).toEqual(["delta", larger, { reason: "unlike" }]);
    // Without time or memory nothing fails: it is sent whole.
    const budget = (sourcePath: string) => ({ reason: "budget", sourcePath, message: expect.any(String) });
    for (const options of [{ deadlineMs: -1 }, { memoryBytesMax: 1 }]) {
      expect(await why(options)).toEqual([budget("about.html"), budget("tiny.svg"), { reason: "unlike" }]);
    }
  });

  test("is deterministic and reports progress up to 1", async () => {
    const target = files({ "app.b2.js": text(7).replaceAll("v1", "w1"), n: text(99) });
    const shares: number[] = [];
    const first = await diffFiles(old, target, { onProgress: (share) => shares.push(share), now: () => 0 });
    const second = await diffFiles(old, target, { now: () => 0 });
    expect(first).toEqual(second);
    expect(shares.at(-1)).toBe(1);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  });
});
