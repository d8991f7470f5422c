import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { base, commitOf, contentOf, digestOf, putBlobsOf } from "../../test/support/store-fixture.ts";
import { sha256Hex } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import { hasJournal, openStore, type Store } from "./index.ts";

let scratch = "";
let dir = "";
beforeEach(() => {
  scratch = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "emend-store-"));
  dir = join(scratch, "state");
});
afterEach(() => {
  rmSync(scratch, { recursive: true });
});

/** A and B, whole, on a disk. B runs. */
function fill(at = dir): void {
  using store = openStore(at);
  const site = store.site("default");
  site.begin(base);
  for (const [i, name] of ["A", "B"].entries()) {
    site.commit(commitOf(name, 10 * (i + 1)));
    putBlobsOf(site, name);
    store.collectGarbage();
  }
  store.audit({
    atMs: 1,
    actor: "ci",
    site: "default",
    action: "patch",
    verdict: "ok",
    release: null,
    detail: null,
  });
}

/** What a start finds, and what it says. */
function start(at = dir): { running: string | null; floor: number; problems: readonly string[] } {
  using store = openStore(at);
  const { running, floor } = store.site("default").begin(base);
  return { running, floor, problems: store.takeProblems() };
}

/** The next release can be taken, and is there after the next start, which has nothing to say. */
function expectNext(at = dir): void {
  takeNext(openStore(at));
  expect(start(at)).toEqual({ running: digestOf("C"), floor: 30, problems: [] });
}

function takeNext(store: Store): void {
  using open = store;
  open.site("default").begin(base);
  open.site("default").commit(commitOf("C", 30));
}

function flip(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes[offset]! ^= 1 << (offset % 8);
  writeFileSync(path, bytes);
}

const blobOf = (name: string, path = "long.js") => sha256Hex(contentOf(name)[path]!);
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe("openStore", () => {
  test("openStore makes files for their owner alone", () => {
    fill();
    using store = openStore(dir);
    store.site("default").begin(base);
    store.site("default").lowerFloor(1);
    for (const name of ["sites", "blobs"]) expect([name, mode(join(dir, name))]).toEqual([name, "700"]);
    for (const name of ["journal.db", "journal.db-wal", "sites/default.json", `blobs/${blobOf("B")}`])
      expect([name, mode(join(dir, name))]).toEqual([name, "600"]);
  });

  test("openStore leaves nothing beside the journal, the records and content", () => {
    fill();
    expect(readdirSync(dir).sort()).toEqual(["blobs", "journal.db", "sites"]);
    expect(readdirSync(join(dir, "sites"))).toEqual(["default.json"]);
    // Two releases of two files and a list.
    expect(readdirSync(join(dir, "blobs"))).toHaveLength(6);
  });

  test("openStore removes what a killed commit left unfinished", () => {
    fill();
    writeFileSync(join(dir, "blobs", `${blobOf("A")}.new`), "half");
    writeFileSync(join(dir, "sites", "default.json.new"), "half");
    using store = openStore(dir);
    store.site("default").begin(base);
    expect(store.collectGarbage()).toBe(1);
    store.site("default").lowerFloor(1);
    expect(readdirSync(join(dir, "sites"))).toEqual(["default.json"]);
    expect(store.takeProblems()).toEqual([]);
  });

  const losses: readonly [what: string, spoil: () => void, says: RegExp][] = [
    ["the journal deleted", () => rmSync(join(dir, "journal.db")), /the journal has lost site default/],
    [
      "the journal emptied",
      () => truncateSync(join(dir, "journal.db"), 0),
      /the journal has lost site default/,
    ],
    [
      "the journal cut short",
      () => truncateSync(join(dir, "journal.db"), 5000),
      /journal\.db is damaged .* put aside/,
    ],
    [
      "garbage for a journal",
      () => writeFileSync(join(dir, "journal.db"), "x".repeat(9000)),
      /not a database/,
    ],
    ["the copies deleted", () => rmSync(join(dir, "sites"), { recursive: true }), /^$/],
    [
      "a copy cut short",
      () => truncateSync(join(dir, "sites/default.json"), 100),
      /default\.json is damaged/,
    ],
    ["a copy flipped", () => flip(join(dir, "sites/default.json"), 200), /default\.json is damaged/],
    [
      "a copy under another site's name",
      () => renameSync(join(dir, "sites/default.json"), join(dir, "sites/other.json")),
      /other\.json is damaged/,
    ],
  ];
  test.each(losses)(
    "openStore with %s runs the newest release, keeps the floor, and says so",
    (_name, spoil, says) => {
      fill();
      spoil();
      const found = start();
      expect(found).toMatchObject({ running: digestOf("B"), floor: 20 });
      expect(found.problems.join("\n")).toMatch(says);
      // What was lost was made good: nothing to say any more but of a file that nobody may delete for its owner.
      rmSync(join(dir, "sites/other.json"), { force: true });
      expect(start().problems).toEqual([]);
      expectNext();
    },
  );

  test("openStore takes an older journal that was put back for what it is", () => {
    fill();
    copyFileSync(join(dir, "journal.db"), join(scratch, "older"));
    takeNext(openStore(dir));
    copyFileSync(join(scratch, "older"), join(dir, "journal.db"));
    expect(start()).toEqual({ running: digestOf("C"), floor: 30, problems: [] });
  });

  test("openStore keeps damaged journals, a few of them", () => {
    fill();
    for (let i = 0; i < 6; i++) {
      writeFileSync(join(dir, "journal.db"), `garbage ${i}`.repeat(1000));
      expect(start().running).toBe(digestOf("B"));
    }
    expect(readdirSync(dir).filter((name) => name.includes("damaged"))).toHaveLength(4);
  });

  test("openStore with no place left that is intact serves the base, and says so", () => {
    fill();
    writeFileSync(join(dir, "journal.db"), "x".repeat(9000));
    writeFileSync(join(dir, "sites/default.json"), "x");
    const found = start();
    expect(found).toMatchObject({ running: null, floor: 0 });
    expect(found.problems).toHaveLength(2);
    rmSync(join(dir, "sites/default.json"), { force: true });
    expectNext();
  });

  test("openStore survives any flipped byte of the journal, its log and a record's copy", () => {
    // As a node that was killed leaves them: with a log beside the journal.
    const killed = join(scratch, "killed");
    {
      fill();
      using store = openStore(dir);
      store.site("default").begin(base);
      store.site("default").rollback(digestOf("A"), null);
      cpSync(dir, killed, { recursive: true });
    }
    const files = ["journal.db", "journal.db-wal", "sites/default.json"] as const;
    for (const file of files) {
      const { size } = statSync(join(killed, file));
      for (let offset = 0; offset < size; offset += 61) {
        const at = join(scratch, `flipped-${file.replace("/", "-")}-${offset}`);
        cpSync(killed, at, { recursive: true });
        flip(join(at, file), offset);
        expect([file, offset, start(at)]).toMatchObject([
          file,
          offset,
          { running: digestOf("A"), floor: 20 },
        ]);
        expect(() => takeNext(openStore(at))).not.toThrow();
        rmSync(at, { recursive: true });
      }
    }
  });

  test("openStore reads on where the journal is of a newer emend, and leaves it alone", () => {
    fill();
    const { Database } = process.getBuiltinModule("bun:sqlite") as typeof import("bun:sqlite");
    const database = new Database(join(dir, "journal.db"));
    database.run("PRAGMA user_version = 2");
    database.close();
    const before = readFileSync(join(dir, "journal.db"));
    using store = openStore(dir);
    const site = store.site("default");
    expect(site.begin(base)).toMatchObject({ running: digestOf("B"), floor: 20 });
    expect(store.takeProblems().join()).toContain("expected format 1, got 2 of a newer emend");
    expect(() => site.lowerFloor(1)).toThrow("newer emend");
    expect(store.audits({ site: null, limit: 1 })).toEqual([]);
    expect(readFileSync(join(dir, "journal.db"))).toEqual(before);
    // What a start has to decide holds even so.
    expect(site.dropDamaged(digestOf("B")).running).toBe(digestOf("A"));
    expect(site.begin({ digest: "sha256:other", files: [] })).toMatchObject({ running: null, floor: 20 });
    expect(store.takeProblems().join()).toContain("site default: cannot open");
  });

  test("openStore reads on while another connection has the journal, and changes nothing", () => {
    fill();
    using first = openStore(dir);
    first.site("default").begin(base);
    using second = openStore(dir);
    expect(second.site("default").begin(base)).toMatchObject({ running: digestOf("B"), floor: 20 });
    expect(() => second.site("default").lowerFloor(1)).toThrow(EmendError);
    expect(first.site("default").lowerFloor(1).floor).toBe(1);
  });

  const isRoot = process.getuid?.() === 0;
  if (isRoot) console.log("open-store.test.ts: a directory that may not be written is skipped: root may");
  test.skipIf(isRoot)("openStore reads a directory that may not be written", () => {
    fill();
    for (const name of ["", "sites", "blobs"]) chmodSync(join(dir, name), 0o500);
    try {
      const found = start();
      expect(found).toMatchObject({ running: digestOf("B"), floor: 20 });
      expect(found.problems.join()).toContain("journal.db");
    } finally {
      for (const name of ["", "sites", "blobs"]) chmodSync(join(dir, name), 0o700);
    }
  });

  test("hasJournal is true when something was committed, also when the journal was lost", () => {
    expect(hasJournal(dir)).toBe(false);
    fill();
    expect(hasJournal(dir)).toBe(true);
    rmSync(join(dir, "journal.db"));
    expect(hasJournal(dir)).toBe(true);
  });
});

describe("readBlob", () => {
  test.each([
    ["flipped", (path: string) => flip(path, 700)],
    ["cut short", (path: string) => truncateSync(path, 10)],
    ["deleted", (path: string) => rmSync(path)],
  ])("readBlob of content that was %s is null, says so, and it can be put again", (_name, spoil) => {
    fill();
    using store = openStore(dir);
    const site = store.site("default");
    site.begin(base);
    spoil(join(dir, "blobs", blobOf("B")));
    expect(site.readBlob(blobOf("B"))).toBeNull();
    expect(store.takeProblems().join()).toContain(`blobs/${blobOf("B")} is damaged or gone`);
    expect(site.holds(blobOf("B"))).toBe(false);
    putBlobsOf(site, "B");
    expect(site.readBlob(blobOf("B"))).not.toBeNull();
    expect(start().running).toBe(digestOf("B"));
  });
});

describe("begin", () => {
  const gone: readonly [what: string, name: (release: string) => string][] = [
    ["a file", (release) => blobOf(release)],
    ["its list", (release) => digestOf(release).slice("sha256:".length)],
  ];
  test.each(gone)(
    "begin falls back to the newest whole release when the running one lost %s, and says so",
    (_, name) => {
      fill();
      rmSync(join(dir, "blobs", name("B")));
      const found = start();
      expect(found).toMatchObject({ running: digestOf("A"), floor: 20 });
      expect(found.problems.join()).toContain(`release ${digestOf("B")} is not all in the store any more`);
      expect(start()).toEqual({ running: digestOf("A"), floor: 20, problems: [] });
      rmSync(join(dir, "blobs", name("A")));
      expect(start()).toMatchObject({ running: null, floor: 20 });
      expectNext();
    },
  );

  test("begin falls back when a patch is gone that the running release needs", () => {
    fill();
    takeNext(openStore(dir));
    rmSync(join(dir, "blobs", sha256Hex(commitOf("C", 30).patch)));
    expect(start()).toMatchObject({ running: digestOf("B"), floor: 30 });
  });

  test("pendingPatches leaves out a patch that was damaged, and says so", () => {
    fill();
    takeNext(openStore(dir));
    flip(join(dir, "blobs", sha256Hex(commitOf("C", 30).patch)), 9);
    using store = openStore(dir);
    const site = store.site("default");
    expect(site.begin(base).running).toBe(digestOf("C"));
    expect(site.pendingPatches()).toEqual([]);
    expect(store.takeProblems().join()).toContain("is damaged or gone");
    // Whoever replays finds C's files missing, and says so:
    expect(site.dropDamaged(digestOf("C"))).toMatchObject({ running: digestOf("B"), floor: 30 });
  });
});
