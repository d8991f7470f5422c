import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kitGuest } from "../../test/support/guests.ts";
import { contentDigest, sha256Hex } from "../bytes/index.ts";
import { singleModuleRelease } from "./single-module.ts";

const scratch = mkdtempSync(join(tmpdir(), "emend-single-"));
afterAll(() => rmSync(scratch, { recursive: true }));

test.each([
  ["hello.wasm", "hello.wasm"],
  ["hello", "hello.wasm"],
])("a file named %s is a release of one module, %s, that answers every path", async (name, path) => {
  const bytes = kitGuest("c-hello");
  writeFileSync(join(scratch, name), bytes);
  const { digest, config, files } = await singleModuleRelease(join(scratch, name));
  const listed = { path, size: bytes.length, sha256: sha256Hex(bytes) };
  expect(digest).toBe(contentDigest([listed]));
  expect([...files.keys()]).toEqual([path]);
  expect(files.get(path)).toMatchObject(listed);
  expect(config.routes.map((route) => [route.path, route.module])).toEqual([["/*", path]]);
});

test("what cannot be read is refused by name", async () => {
  mkdirSync(join(scratch, "dir.wasm"));
  for (const name of ["dir.wasm", "none.wasm"]) {
    await expect(singleModuleRelease(join(scratch, name))).rejects.toMatchObject({
      code: "io",
      message: expect.stringContaining(join(scratch, name)),
    });
  }
});
