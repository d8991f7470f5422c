import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTree } from "./delta-files.ts";

const root = mkdtempSync(join(tmpdir(), "emend-tree-"));
afterAll(() => rmSync(root, { recursive: true }));

test("readTree lists regular files by the order of their bytes", () => {
  for (const path of ["b/ü.txt", "b/a.txt", "Z.txt", "a.txt"]) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), "");
  }
  symlinkSync("a.txt", join(root, "link"));
  expect(readTree(root)).toEqual(["Z.txt", "a.txt", "b/a.txt", "b/ü.txt"]);
});

test("readTree says which directory cannot be read", () => {
  expect(() => readTree(join(root, "none"))).toThrow(
    expect.objectContaining({
      code: "io",
      message: expect.stringContaining(`cannot read ${join(root, "none")}`),
    }),
  );
});
