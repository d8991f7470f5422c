/**
 * Random paths into a forest of links, in and out, while another process swaps what lies there. Nothing outside of
 * the mount is opened, looked at, changed or made, whichever way a path is resolved. Again with the same numbers:
 * `EMEND_SEED=N`; for longer: `EMEND_FUZZ_MINUTES=N`.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { errno } from "../../src/wasi/errno.ts";
import { type OpenBeneath, openBeneath, walkBeneath } from "../../src/wasi/files/host/beneath.ts";
import { HostDirectory } from "../../src/wasi/files/host/host-directory.ts";
import {
  openHostDirectory,
  openHostDirectoryOffThread,
} from "../../src/wasi/files/host/open-host-directory.ts";
import {
  type Answer,
  Failure,
  leadsOut,
  OpenDirectory,
  type OpenOptions,
  type Result,
} from "../../src/wasi/files/index.ts";
import { createRandom, type Random } from "../support/random.ts";
import { otherSide, type Swapper, startSwapper } from "../support/tree-swapper.ts";

const minutes = Number(Bun.env.EMEND_FUZZ_MINUTES ?? 0);
/** Of each way to resolve: what a plain test run takes. */
const [operationsARound, roundsMin] = [3000, 4];
const random = createRandom();
const secret = "only for the host";

/** Names of the tree. What lies outside has other ones, so that a listing tells where it is from. */
const names = ["a", "b", "c", "d"];
const swappedDirectories = ["a", "a/b", "a/b/c", "b", "b/a", "c/d", "d"];
const swappedFiles = ["f", "a/f", "a/b/f", "b/f"];
const moves = [
  ["a/b/c", "d/c"],
  ["b/a", "c/e"],
  ["d", "a/b/d"],
] as const;

/**
 *     scratch/
 *       canary           a file
 *       n/n/n/…          so many that no path climbs to the top of them
 *         canary
 *         vault/canary
 *         tree/          the mount
 *
 * Guests of this test write and remove. So everything that a path could reach *if the bounds failed* is in here: no
 * link leads to a place of the machine, neither by its target nor by `..`.
 */
const levelsAbove = 100;

let scratch: string;
let outside: string;
/** Everything outside that a path could reach, by device and inode. */
let forbidden: Map<string, string>;
let targets: string[];
let before: string;

const root = (): string => join(outside, "tree");

beforeAll(() => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), "emend-paths-")));
  outside = join(scratch, ...Array<string>(levelsAbove).fill("n"));
  mkdirSync(join(outside, "vault/deep"), { recursive: true });
  for (const file of ["canary", "vault/canary", "vault/deep/canary"])
    writeFileSync(join(outside, file), secret);
  writeFileSync(join(scratch, "canary"), secret);
  mkdirSync(root());
  targets = [
    ...["..", "../..", "../../..", "../../../.."],
    ...["../vault", "../../vault", "../../../vault/deep", "../canary", "../../canary", "../../../canary"],
    ...[outside, join(outside, "vault"), join(outside, "vault/deep"), join(outside, "canary")],
  ];
  forbidden = new Map();
  for (let path = outside; path !== dirname(scratch); path = dirname(path)) forbid(path);
  for (const path of outsidePaths()) forbid(path);
  before = stateOutside();
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function forbid(path: string): void {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat !== undefined) forbidden.set(`${stat.dev}:${stat.ino}`, path);
}

/** What lies outside, but for directories above it. */
function outsidePaths(): string[] {
  const names = ["", "canary", "vault", "vault/canary", "vault/deep", "vault/deep/canary"];
  return [scratch, join(scratch, "canary"), dirname(outside), ...names.map((name) => join(outside, name))];
}

/** All that a change would show in: names, content, times, links. Reading alone may change no more than atime. */
function stateOutside(): string {
  const lines = outsidePaths().map((path) => {
    const { ino, mode, nlink, size, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true });
    const content = path.endsWith("canary") ? readFileSync(path, "utf8") : readdirSync(path).join();
    return [path, ino, mode, nlink, size, mtimeNs, ctimeNs, content].join(" ");
  });
  return lines.join("\n");
}

/** A forest of directories, files and links that lead in, out, in circles and nowhere. */
function plant(seeded: Random): void {
  for (const name of readdirSync(root())) rmSync(join(root(), name), { recursive: true, force: true });
  for (const path of swappedDirectories) mkdirSync(join(root(), path), { recursive: true });
  for (const path of swappedFiles) writeFileSync(join(root(), path), "inside");
  for (const path of [...swappedDirectories, ...swappedFiles]) {
    symlinkSync(seeded.pick(targets), otherSide(join(root(), path)));
  }
  for (const directory of ["", ...swappedDirectories]) {
    for (let i = 0; i < 3; i++) {
      const target = seeded.below(2) === 0 ? seeded.pick(targets) : pathOf(seeded);
      symlinkSync(target, join(root(), directory, `l${i}`));
    }
  }
  symlinkSync("circle", join(root(), "circle"));
  Bun.spawnSync(["mkfifo", join(root(), "fifo")]);
}

/** Mostly what is there, sometimes with a slash too many or a way out. */
function pathOf(seeded: Random): string {
  const parts = Array.from({ length: 1 + seeded.below(4) }, () => {
    const kind = seeded.below(12);
    if (kind < 6) return seeded.pick(names);
    if (kind < 8) return `l${seeded.below(3)}`;
    if (kind < 10) return "..";
    return seeded.pick([".", "", "f", "f", "new", "circle", "fifo", "vault", "canary", "tree"]);
  });
  if (seeded.below(3) === 0) parts.push(seeded.pick(["f", "canary", "vault/canary"]));
  const path = parts.join("/") + (seeded.below(10) === 0 ? "/" : "");
  return path === "" ? "." : path;
}

interface Tally {
  operations: number;
  successes: number;
  /** Paths that were told that they lead out. */
  refusals: number;
  /** What must not happen, in words. */
  readonly violations: string[];
}

/** Paths and choices of one operation. */
interface Draw {
  readonly path: string;
  readonly other: string;
  readonly flag: boolean;
  readonly options: OpenOptions;
}

type Operation = (mount: OpenDirectory, draw: Draw, judge: Judge) => Answer<unknown>;

/** Notes a violation where something is that it was looked at and lies outside. */
type Judge = (device: bigint, inode: bigint) => void;

const times = { accessedNs: 1n, modifiedNs: 2n };

const looks: Readonly<Record<string, Operation>> = {
  open: (mount, { path, options }, judge) =>
    openAndUse(mount, path, { ...options, create: false, truncate: false, write: false }, judge),
  statAt: async (mount, { path, flag }, judge) => {
    const stat = await mount.statAt(path, flag);
    if (!(stat instanceof Failure)) judge(stat.device, stat.inode);
    return stat;
  },
  readLink: (mount, { path }) => mount.readLink(path),
};

const changes: Readonly<Record<string, Operation>> = {
  open: (mount, { path, options }, judge) => openAndUse(mount, path, options, judge),
  setTimesAt: (mount, { path, flag }) => mount.setTimesAt(path, flag, times),
  createDirectory: (mount, { path }) => mount.createDirectory(path),
  removeDirectory: (mount, { path }) => mount.removeDirectory(path),
  unlinkFile: (mount, { path }) => mount.unlinkFile(path),
  rename: (mount, { path, other }) => mount.rename(path, mount, other),
  link: (mount, { path, other, flag }) => mount.link(path, flag, mount, other),
  symlink: (mount, { path, other }) => mount.symlink(other, path),
};

async function openAndUse(
  mount: OpenDirectory,
  path: string,
  options: OpenOptions,
  judge: Judge,
): Promise<Result<unknown>> {
  const opened = await mount.open(path, options);
  if (opened instanceof Failure) return opened;
  const stat = await opened.stat();
  if (stat instanceof Failure) throw new Error(`no stat of what is open: errno ${stat.errno}`);
  judge(stat.device, stat.inode);
  if (opened instanceof OpenDirectory) {
    const entries = await opened.entries();
    if (!(entries instanceof Failure)) for (const { inode } of entries) judge(stat.device, inode);
  } else if (options.write) await opened.write(Buffer.from("guest"), undefined);
  opened.close();
  return opened;
}

function draw(seeded: Random): Draw {
  const flag = (one = 2): boolean => seeded.below(one) === 0;
  const options: OpenOptions = {
    follow: flag(),
    create: flag(),
    exclusive: flag(6),
    truncate: flag(4),
    directory: flag(4),
    read: true,
    write: flag(),
    sync: "none",
  };
  return { path: pathOf(seeded), other: pathOf(seeded), flag: flag(), options };
}

/** One operation after the other, on a tree that is swapped meanwhile. */
async function fuzz(
  mount: OpenDirectory,
  count: number,
  operations: Readonly<Record<string, Operation>>,
  tally: Tally,
): Promise<void> {
  for (let i = 0; i < count; i++) {
    const [name, operation] = random.pick(Object.entries(operations));
    const drawn = draw(random);
    const result = await operation(mount, drawn, (device, inode) => {
      const found = forbidden.get(`${device}:${inode}`);
      if (found !== undefined) tally.violations.push(`${name} ${JSON.stringify(drawn)} reached ${found}`);
    });
    // Now and then, so that the swapper is heard.
    if (i % 500 === 499) await Bun.sleep(0);
    tally.operations++;
    if (!(result instanceof Failure)) tally.successes++;
    else if (result === leadsOut) tally.refusals++;
  }
}

/** A fresh forest, with its swapper. */
async function startRound(): Promise<Swapper> {
  plant(random);
  const seed = random.below(2 ** 31);
  return startSwapper({
    root: root(),
    seed,
    directories: swappedDirectories,
    files: swappedFiles,
    targets,
    moves,
  });
}

const mounts: [name: string, open: () => OpenDirectory][] = [
  ["by openat2", () => directOf(openBeneath)],
  ["name by name", () => directOf(walkBeneath)],
  ["on the disk thread", () => openHostDirectoryOffThread(root(), { readOnly: false })],
];

function directOf(beneath: OpenBeneath): HostDirectory {
  return new HostDirectory(openHostDirectory(root(), { readOnly: false }).descriptor, false, beneath);
}

const told = `EMEND_SEED=${random.seed}`;

describe(`paths in a tree that is swapped meanwhile (${told})`, () => {
  for (const [name, open] of mounts) {
    const timeoutMs = 60_000 + minutes * 60_000;
    test(
      `resolved ${name}, lead nowhere outside`,
      async () => {
        const tally: Tally = { operations: 0, successes: 0, refusals: 0, violations: [] };
        const untilMs = performance.now() + (minutes * 60_000) / mounts.length;
        let swaps = 0;
        for (let round = 0; round < roundsMin || performance.now() < untilMs; round++) {
          await using swapper = await startRound();
          const mount = open();
          await fuzz(mount, operationsARound, { ...looks, ...changes }, tally);
          mount.close();
          swaps += swapper.count();
        }
        expect(tally.violations).toEqual([]);
        expect(stateOutside()).toBe(before);
        if (minutes > 0) console.log(`${name}, ${told}: ${JSON.stringify({ ...tally, swaps })}`);
        // The test itself works: enough comes through, enough is refused, and there were swaps between.
        expect(tally.successes).toBeGreaterThan(300);
        expect(tally.refusals).toBeGreaterThan(300);
        expect(swaps).toBeGreaterThan(300);
      },
      timeoutMs,
    );
  }

  test("are seen to lead outside where they are resolved without care", async () => {
    await using _ = await startRound();
    const tally: Tally = { operations: 0, successes: 0, refusals: 0, violations: [] };
    const careless: OpenBeneath = (directory, path) => {
      try {
        return openSync(`/dev/fd/${directory}/${path}`, constants.O_RDONLY | constants.O_DIRECTORY);
      } catch {
        return Failure.of(errno.noent);
      }
    };
    const mount = directOf(careless);
    await fuzz(mount, operationsARound, looks, tally);
    mount.close();
    expect(tally.violations.length).toBeGreaterThan(10);
  });
});
