/**
 * The power is cut at every moment in the life of a store, with any part of what was not synced lost or torn. What is
 * left is judged: exactly the release before or the one after, whole, and ready for the next. A store that leaves out
 * one sync has to fail this.
 *
 * What the store does is recorded twice: by strace, SQLite's calls included, and through the store's own seam, which works
 * everywhere. A sample of the cuts; all of them, and every sync left out, with `EMEND_LONG=1`.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CutDisk, type DiskStep, fingerprint, plant } from "../support/power-cut.ts";
import { recordScript } from "../support/recorded-disk.ts";
import { expectedStandings, script } from "../support/store-script.ts";
import { findFault } from "../support/store-verdict.ts";
import { recordSteps, whyNoStrace } from "../support/system-calls.ts";

const isLong = Bun.env.EMEND_LONG === "1";
/** Of the trees, each so-manieth is judged: some 400 of 1,200. */
const stride = isLong ? 1 : 3;

const noStrace = whyNoStrace();
if (noStrace !== null) console.log(`store-power-cuts.test.ts: recording by strace is skipped: ${noStrace}`);

let scratch = "";
beforeAll(() => {
  // Thousands of stores are opened here, each of which syncs: in memory that takes no time, and proves no less.
  scratch = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "emend-power-"));
});
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const standings = expectedStandings();

/** Faults of the trees that cuts in or after step `from` can leave. */
function* faults(steps: readonly DiskStep[], { from = 0, every = 1 } = {}): Generator<string> {
  const disk = new CutDisk();
  const seen = new Set<string>();
  let done = -1;
  for (const [i, step] of steps.entries()) {
    disk.do(step);
    if (step.kind === "mark") done = step.done;
    if (i < from) continue;
    const allowed = standings.slice(Math.max(0, done), done + 2);
    for (const tree of disk.trees()) {
      const key = `${done} ${fingerprint(tree)}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (seen.size % every !== 0) continue;
      const fault = faultOf(tree, allowed);
      if (fault !== null) yield `cut after step ${i} (${step.kind}): ${fault}`;
    }
  }
}

function faultOf(tree: Parameters<typeof plant>[0], allowed: Parameters<typeof findFault>[1]): string | null {
  const dir = mkdtempSync(join(scratch, "tree-"));
  try {
    plant(tree, dir);
    return findFault(dir, allowed);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const recorders: readonly [name: string, record: () => DiskStep[], skipped: boolean][] = [
  ["strace", recordByStrace, noStrace !== null],
  ["the store's seam", () => recordScript(mkdtempSync(join(scratch, "seam-"))), false],
];

function recordByStrace(): DiskStep[] {
  const dir = mkdtempSync(join(scratch, "strace-"));
  const state = join(dir, "state");
  mkdirSync(state);
  const program = join(import.meta.dir, "../support/store-script.ts");
  return recordSteps([process.execPath, program, state, join(dir, "marks")], state, join(dir, "marks"));
}

describe.each(recorders)("a power cut, recorded by %s", (_name, record, skipped) => {
  let steps: DiskStep[] = [];
  beforeAll(() => {
    if (!skipped) steps = record();
  });

  test.skipIf(skipped)("leaves the release before or the one after, whole, and room for the next", () => {
    expect(steps.filter(({ kind }) => kind === "mark")).toHaveLength(script.length + 1);
    expect([...faults(steps, { every: stride }).take(3)]).toEqual([]);
  });

  const kinds: readonly [what: string, isMeant: (path: string) => boolean][] = [
    ["the bytes of content", (path) => /^blobs\/.*\.new$/.test(path)],
    ["the names of content", (path) => path === "blobs"],
    ["the bytes of a record's copy", (path) => /^sites\/.*\.new$/.test(path)],
    ["the name of a record's copy", (path) => path === "sites"],
    ["the journal's log", (path) => path === "journal.db-wal"],
  ];
  test.skipIf(skipped).each(kinds)("would be noticed if %s were not synced, once", (_what, isMeant) => {
    const begun = steps.findIndex(({ kind }) => kind === "mark");
    const left = steps.findIndex((step, i) => i > begun && step.kind === "sync" && isMeant(step.path));
    expect(left).toBeGreaterThan(begun);
    expect(faults(steps.toSpliced(left, 1), { from: left }).next().value).toBeString();
  });

  test.skipIf(skipped)("would be noticed if the names in the state directory were never synced", () => {
    const without = steps.filter(
      ({ kind, ...step }) => !(kind === "sync" && "path" in step && step.path === "."),
    );
    expect(faults(without, { every: 3 }).next().value).toBeString();
  });

  test.skipIf(skipped || !isLong)(
    "would be noticed if any one sync were left out",
    () => {
      const begun = steps.findIndex(({ kind }) => kind === "mark");
      const syncs = steps.flatMap((step, i) =>
        step.kind === "sync" && i > begun ? [{ i, path: step.path }] : [],
      );
      // Before the first mark there is nothing to lose. Twice, and so spare, are syncs of names in the state directory,
      // by SQLite and by the store, and of SQLite's log: of its head alone, 32 bytes, and once more when it is closed.
      const isSpare = (i: number, path: string): boolean => {
        const before = steps[i - 1];
        const appended = before?.kind === "write" && before.bytes.length > 32;
        return path === "." || (path === "journal.db-wal" && !appended);
      };
      const unnoticed = syncs.filter(
        ({ i, path }) =>
          !isSpare(i, path) && faults(steps.toSpliced(i, 1), { from: i }).next().value === undefined,
      );
      expect(unnoticed).toEqual([]);
    },
    600_000,
  );
});
