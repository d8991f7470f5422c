/**
 * Preview 1 seen from inside, and what snapshot 0 has otherwise: the guests of `test/guests/preview1` make every call
 * and print a line a check. All must be ok, and together they cover every call and every errno that its documentation
 * promises.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileCommand, Instance, type Outcome } from "../../src/guest/index.ts";
import {
  createReadOnlyTree,
  createScratch,
  emptyRun,
  loadHostFiles,
  type OpenDirectory,
  preview1,
  type Run,
  toByteString,
} from "../../src/wasi/index.ts";
import { ownGuest } from "../support/guests.ts";
import { TestInput, TestOutput } from "../support/host-fixture.ts";
import { promisedErrnos } from "../support/promised-errnos.ts";
import { runGuest } from "../support/run-guest.ts";

interface Subject {
  /** What is run, and on which files. */
  readonly name: string;
  readonly guest: string;
  readonly run: () => Partial<Run>;
  readonly exitCode: number;
}

const place = mkdtempSync(join(tmpdir(), "emend-preview1-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const { openHostDirectory, openHostDirectoryOffThread } = await loadHostFiles();

/** Kinds of trees that a guest may write to, each empty. */
const writable: Readonly<Record<string, () => OpenDirectory>> = {
  scratch: () => createScratch(2 ** 20),
  real: () => openHostDirectory(mkdtempSync(join(place, "real-")), { readOnly: false }),
  "real, off the thread": () =>
    openHostDirectoryOffThread(mkdtempSync(join(place, "real-")), { readOnly: false }),
};

/** What a tree that may not be written to holds. */
const fixed = { "hello.txt": "hello\n", "sub/deep.txt": "deep\n" };

/** The same files in trees that may not be written to. */
const readOnly: Readonly<Record<string, () => OpenDirectory>> = {
  release: () =>
    createReadOnlyTree(
      Object.entries(fixed).map(([path, text]) => ({
        path,
        sizeBytes: text.length,
        content: () => Buffer.from(text),
      })),
    ),
  "release, read later": () =>
    createReadOnlyTree(
      Object.entries(fixed).map(([path, text]) => ({
        path,
        sizeBytes: text.length,
        content: async () => Buffer.from(text),
      })),
    ),
  real: () => openHostDirectory(writeFixed(), { readOnly: true }),
  "real, off the thread": () => openHostDirectoryOffThread(writeFixed(), { readOnly: true }),
  "real, by the preopen alone": () => openHostDirectory(writeFixed(), { readOnly: false }),
};

function writeFixed(): string {
  const directory = mkdtempSync(join(place, "fixed-"));
  mkdirSync(join(directory, "sub"));
  for (const [path, text] of Object.entries(fixed)) writeFileSync(join(directory, path), text);
  return directory;
}

function closedOutput(): TestOutput {
  const output = new TestOutput();
  output.close();
  return output;
}

/** A guest that finds one tree, and beside it one of another kind. */
function onTree(guest: string, kind: string, open: () => OpenDirectory, isReadOnly = false): Subject {
  const run = (): Partial<Run> => ({
    args: () => [guest, kind],
    preopens: () => [
      { name: "/tree", directory: open(), readOnly: isReadOnly },
      { name: "/other", directory: createScratch(2 ** 20), readOnly: false },
    ],
  });
  return { name: `${guest} on ${kind}`, guest, run, exitCode: 0 };
}

const subjects: Subject[] = [
  {
    name: "process",
    guest: "process",
    run: () => ({ args: () => ["process", "größe"].map(toByteString), environ: () => ["A=1", "B="] }),
    exitCode: 42,
  },
  { name: "clock", guest: "clock", run: () => ({ stdin: new TestInput().push("abc").end() }), exitCode: 0 },
  {
    name: "stream",
    guest: "stream",
    run: () => ({ stdin: new TestInput().push("abcdef"), stdout: new TestOutput(8) }),
    exitCode: 0,
  },
  { name: "pipe", guest: "pipe", run: () => ({ stdout: closedOutput() }), exitCode: 0 },
  ...["file", "directory", "path", "refusals", "snapshot0"].flatMap((guest) =>
    Object.entries(writable).map(([kind, open]) => onTree(guest, kind, open)),
  ),
  ...Object.entries(readOnly).map(([kind, open]) => onTree("read-only", kind, open, true)),
];

/** `CALL ERRNO` of every check that was made. */
const checked = new Set<string>();

async function runChecks({ guest, run }: Subject): Promise<{ lines: string[]; outcome: Outcome }> {
  const compiled = await compileCommand(await ownGuest(`preview1/${guest}`), guest);
  const instance = await Instance.create(compiled);
  const stderr = new TestOutput();
  const outcome = await instance.run({ ...emptyRun, ...run(), stderr });
  return { lines: stderr.text.trimEnd().split("\n"), outcome };
}

describe("every check is ok", () => {
  for (const subject of subjects) {
    test(subject.name, async () => {
      const { lines, outcome } = await runChecks(subject);
      expect(lines.at(-1)).toBe("finished");
      const checks = lines.slice(0, -1);
      expect(checks.filter((line) => !line.endsWith(": ok"))).toEqual([]);
      expect(checks.length).toBeGreaterThan(4);
      expect(outcome).toEqual({ kind: "exit", code: subject.exitCode });
      for (const line of checks) checked.add(line.split(" ", 2).join(" "));
    });
  }
});

test("a guest of snapshot 0 that others published runs as it is", async () => {
  const bytes = readFileSync(join(import.meta.dir, "../../node_modules/@wasmer/wasi/demo.wasm"));
  const compiled = await compileCommand(bytes, "demo.wasm");
  expect(compiled.links.map(({ module }) => module)).toEqual(["wasi_unstable"]);
  const { stdout, outcome } = await runGuest(await Instance.create(compiled));
  expect([stdout, outcome]).toEqual(["hello world\n", { kind: "exit", code: 0 }]);
});

/** What no guest here can bring about, and why: an errno of any call, or of one. */
const unchecked: Readonly<Record<string, string>> = {
  EIO: "no disk here fails",
  EDQUOT: "no file system here has quotas",
  "fd_pwrite EROFS": "path_open gives nobody the right to write where nothing may be changed",
  "fd_write EROFS": "the same",
  "path_link EMLINK": "how many links a file may have is for its file system to say",
  "path_remove_directory EBUSY": "nothing is mounted below the trees here",
  "path_remove_directory ENOSPC": "only a disk that copies what it changes needs room for this",
  "path_unlink_file ENOSPC": "the same",
};

describe("nothing is forgotten", () => {
  const promised = promisedErrnos();

  test("every call has documentation that can be read", () => {
    expect([...promised.keys()].sort()).toEqual(Object.keys(preview1).sort());
  });

  test("every call succeeds somewhere, but for those that never do", () => {
    const never = ["proc_exit", "proc_raise", "sock_accept", "sock_recv", "sock_send", "sock_shutdown"];
    const failing = Object.keys(preview1).filter((name) => !checked.has(`${name} SUCCESS`));
    expect(failing.sort()).toEqual(never);
  });

  test("every errno that is promised is provoked", () => {
    const missing = [...promised].flatMap(([name, errnos]) =>
      [...errnos].flatMap((each) =>
        [each, `${name} ${each}`].some((key) => checked.has(key) || Object.hasOwn(unchecked, key))
          ? []
          : `${name} ${each}`,
      ),
    );
    expect(missing.sort()).toEqual([]);
  });

  test("every errno that is provoked is promised", () => {
    const surprising = [...checked].filter((each) => {
      const [name = "", code = ""] = each.split(" ");
      return code !== "SUCCESS" && promised.get(name)?.has(code) !== true;
    });
    expect(surprising.sort()).toEqual([]);
  });
});
