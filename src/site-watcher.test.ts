import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "../test/support/serve-sites.ts";
import { watchDirectory } from "./site-watcher.ts";

let root = "";
let site = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "emend-watch-"));
  site = join(root, "site");
  mkdirSync(site);
});
afterEach(() => rmSync(root, { recursive: true }));

test("a burst of changes is one call, and one that comes meanwhile another, after it", async () => {
  let [calls, running, most] = [0, 0, 0];
  const ends: (() => void)[] = [];
  using _ = watchDirectory(site, async () => {
    calls++;
    running++;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => ends.push(resolve));
    running--;
  });
  for (let i = 0; i < 5; i++) writeFileSync(join(site, `${i}.txt`), "x");
  await waitFor("the first call", () => calls === 1);
  writeFileSync(join(site, "later.txt"), "x");
  await Bun.sleep(300);
  expect(calls).toBe(1);
  ends.shift()!();
  await waitFor("the second call", () => calls === 2);
  ends.shift()!();
  await Bun.sleep(200);
  expect([calls, most]).toEqual([2, 1]);
});

test("a directory that takes the place of the watched one is a change, and is watched then", async () => {
  let calls = 0;
  using _ = watchDirectory(site, async () => {
    calls++;
  });
  renameSync(site, join(root, "old"));
  await waitFor("the departure", () => calls > 0);
  mkdirSync(join(root, "new"));
  renameSync(join(root, "new"), site);
  await Bun.sleep(300);
  const before = calls;
  writeFileSync(join(site, "a.txt"), "x");
  await waitFor("the change in the new one", () => calls > before);
});

test("what cannot be watched is refused by name", () => {
  expect(() => watchDirectory(join(root, "none"), async () => {})).toThrow(
    expect.objectContaining({ code: "io", message: expect.stringContaining("start without --watch") }),
  );
});
