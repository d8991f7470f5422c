import { afterEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { giveState } from "./give-state.ts";

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log("give-state.test.ts: skipped: only root can give files away");

const nobody = 65_534;
const made: string[] = [];

function stateDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), "emend-give-"));
  made.push(dir);
  mkdirSync(join(dir, "blobs"));
  for (const name of ["token", "journal.db", "journal.db-wal", "blobs/0a"])
    writeFileSync(join(dir, name), "");
  return dir;
}

const ownersIn = (dir: string): number[] =>
  ["", "token", "journal.db-wal", "blobs", "blobs/0a"].map((name) => lstatSync(join(dir, name)).uid);

afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true });
});

describe.skipIf(!isRoot)("giveState", () => {
  test.each(["nobody", String(nobody)])("gives a state directory of root's to %s, whole", (user) => {
    const dir = stateDirectory();
    expect(giveState(dir, user)).toMatchObject({
      done: true,
      words: `${dir} is given to ${user} (${nobody})`,
    });
    expect(new Set(ownersIn(dir))).toEqual(new Set([nobody]));
    expect(process.geteuid?.()).toBe(0);
  });

  test("goes through no link", () => {
    const dir = stateDirectory();
    const other = join(stateDirectory(), "token");
    symlinkSync(other, join(dir, "tokens"));
    expect(giveState(dir, "nobody").done).toBe(true);
    expect(lstatSync(other).uid).toBe(0);
  });

  test("leaves what was given before as it is", () => {
    const dir = stateDirectory();
    chownSync(dir, 1234, 1234);
    expect(giveState(dir, "nobody")).toMatchObject({ done: true, words: `${dir} is user 1234's` });
    expect(ownersIn(dir).slice(1)).toEqual([0, 0, 0, 0]);
  });

  const refusals: [what: string, spoil: (dir: string) => void, words: RegExp][] = [
    ["that holds something else", (dir) => writeFileSync(join(dir, "photo.jpg"), ""), /holds photo\.jpg/],
    ["that others may write to", (dir) => chmodSync(dir, 0o777), /others may write/],
    ["that is not there", (dir) => rmSync(dir, { recursive: true }), /ENOENT/],
  ];
  test.each(refusals)("gives away nothing of a directory %s", (_, spoil, words) => {
    const dir = stateDirectory();
    spoil(dir);
    const { done, words: said } = giveState(dir, "nobody");
    expect(done).toBe(false);
    expect(said).toMatch(words);
    mkdirSync(dir, { recursive: true });
    expect(lstatSync(dir).uid).toBe(0);
  });

  test("says whom it does not know", () => {
    expect(giveState(stateDirectory(), "no-such-user").done).toBe(false);
    expect(process.geteuid?.()).toBe(0);
  });
});
