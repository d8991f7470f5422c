/**
 * The life of a store in short, for the crash tests: every kind of change once. Run as a program it does the script in
 * a state directory and writes a byte into another file after each step, where a recorder of system calls sees it.
 */
import { openSync, writeSync } from "node:fs";
import { EmendError } from "../../src/errors.ts";
import { openMemoryStore, openStore, type SiteRecord, type Store } from "../../src/store/index.ts";
import { base, commitOf, digestOf, putBlobsOf } from "./store-fixture.ts";

const canary = { digest: digestOf("B"), percent: 5, startedMs: 20_000, key: "00".repeat(16), cookie: false };

/** A step in the life of one site. */
export interface Step {
  readonly name: string;
  /** The store is closed before it, and opened anew. */
  readonly reopens?: true;
  readonly run: (store: Store) => unknown;
}

const site = (store: Store) => store.site("default");
const settle = (store: Store, name: string) => {
  putBlobsOf(site(store), name);
  store.collectGarbage();
};

export const script: readonly Step[] = [
  { name: "commit A", run: (store) => site(store).commit(commitOf("A", 10)) },
  { name: "blobs of A", run: (store) => settle(store, "A") },
  { name: "canary B", run: (store) => site(store).commit(commitOf("B", 20, { canary })) },
  { name: "promote B", run: (store) => site(store).endCanary("promoted") },
  { name: "blobs of B", run: (store) => settle(store, "B") },
  { name: "commit C", run: (store) => site(store).commit(commitOf("C", 30)) },
  { name: "roll back to B", run: (store) => site(store).rollback(digestOf("B"), digestOf("C")) },
  {
    name: "commit D over C, that is not all there",
    run: (store) => site(store).commit(commitOf("D", 40, { keep: 1 })),
  },
  {
    name: "blobs of C and D, that nobody has collected",
    run: (store) => ["C", "D"].map((name) => putBlobsOf(site(store), name)),
  },
  { name: "back to B once more", reopens: true, run: (store) => site(store).rollback(digestOf("B"), null) },
  { name: "and to D", reopens: true, run: (store) => site(store).rollback(digestOf("D"), null) },
  { name: "collect", run: (store) => store.collectGarbage() },
  { name: "lower the floor", run: (store) => site(store).lowerFloor(35) },
  {
    name: "canary E",
    run: (store) => site(store).commit(commitOf("E", 45, { canary: { ...canary, digest: digestOf("E") } })),
  },
  { name: "abort E", run: (store) => site(store).endCanary("aborted", digestOf("E")) },
  { name: "back to the base", run: (store) => site(store).rollback(base.digest, null) },
];

/** What a store says of its site, as far as a crash may not change it. */
export type Standing = Omit<SiteRecord, "releases"> & { readonly releases: readonly string[] };

export function standingOf({ releases, ...record }: SiteRecord): Standing {
  return { ...record, releases: releases.map(({ digest }) => digest) };
}

/** How the site stands before the first step and after each: by a store in memory, which has no disk to fail. */
export function expectedStandings(): readonly Standing[] {
  using store = openMemoryStore();
  const standings = [standingOf(site(store).begin(base))];
  for (const step of script) {
    step.run(store);
    standings.push(standingOf(site(store).record()));
  }
  return standings;
}

/** Begins, and does every step; `done` is told how many are behind it. */
export function runScript(open: () => Store, done: (steps: number) => void): void {
  let store = open();
  try {
    site(store).begin(base);
    done(0);
    for (const [i, step] of script.entries()) {
      if (step.reopens) {
        store[Symbol.dispose]();
        store = open();
        site(store).begin(base);
      }
      step.run(store);
      done(i + 1);
    }
  } finally {
    store[Symbol.dispose]();
  }
}

/**
 * The same on a disk that may fail: a step that is refused must have changed nothing, or all, and is then tried again with
 * the store opened anew. Throws what is wrong; returns how often a step was refused.
 */
export function insistOnScript(open: () => Store): number {
  const expected = expectedStandings().map((each) => JSON.stringify(each));
  let refusals = 0;
  let store = open();
  try {
    for (const [i, step] of script.entries()) {
      let standing = expected[i];
      while (standing === expected[i]) {
        const refused = refusalOf(() => {
          site(store).begin(base);
          step.run(store);
        });
        if (refused === null) break;
        if (++refusals > 10) throw refused;
        store[Symbol.dispose]();
        store = open();
        standing = JSON.stringify(standingOf(site(store).begin(base)));
        if (standing !== expected[i] && standing !== expected[i + 1])
          throw new Error(`"${step.name}" was refused and left ${standing}`);
      }
    }
    return refusals;
  } finally {
    store[Symbol.dispose]();
  }
}

function refusalOf(run: () => void): EmendError | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof EmendError && /^store\./.test(error.code)) return error;
    throw error;
  }
}

if (import.meta.main) {
  const [dir = "", marks = ""] = process.argv.slice(2);
  if (marks === "insist") {
    process.exitCode = insistOnScript(() => openStore(dir)) > 0 ? 3 : 0;
  } else {
    const file = openSync(marks, "a");
    runScript(
      () => openStore(dir),
      (steps) => writeSync(file, `${steps}\n`),
    );
  }
}
