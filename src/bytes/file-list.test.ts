import { describe, expect, test } from "bun:test";
import { contentDigest, sortedByPath } from "./file-list.ts";

const hi = "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4";
const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

describe("contentDigest", () => {
  // Computed with sha256sum over the lines "SHA256 SIZE PATH\n", a.txt first, then U+E000, then U+10000.
  const vector = "sha256:268b399a3c023fce036a5f17396f1c433554a914d12ca621853273db6afb3427";
  const files = [
    { path: "\u{10000}", size: 2, sha256: hi },
    { path: "\ue000", size: 0, sha256: nothing },
    { path: "a.txt", size: 2, sha256: hi },
  ];

  test("is SHA-256 over the lines in the order of the paths' UTF-8 bytes", () => {
    expect(contentDigest(files)).toBe(vector);
    expect(contentDigest(files.toReversed())).toBe(vector);
  });

  test("of no files is that of no bytes", () => expect(contentDigest([])).toBe(`sha256:${nothing}`));

  test("does not depend on anything but path, size and hash", () => {
    expect(contentDigest(files.map((file) => ({ ...file, blob: new Blob() })))).toBe(vector);
  });

  const changes: [what: string, change: object][] = [
    ["path", { path: "b.txt" }],
    ["size", { size: 3 }],
    ["hash", { sha256: nothing }],
  ];
  for (const [what, change] of changes) {
    test(`changes with a file's ${what}`, () => {
      const changed = files.map((file) => (file.path === "a.txt" ? { ...file, ...change } : file));
      expect(contentDigest(changed)).not.toBe(vector);
    });
  }
});

describe("sortedByPath", () => {
  test("orders by UTF-8 bytes, a prefix before what continues it", () => {
    const paths = ["b", "a/b", "a", "a-b", "\u{10000}", "\ue000", "Z"];
    expect(sortedByPath(paths.map((path) => ({ path }))).map(({ path }) => path)).toEqual([
      "Z",
      "a",
      "a-b",
      "a/b",
      "b",
      "\ue000",
      "\u{10000}",
    ]);
  });
});
