import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errno } from "../../errno.ts";
import { fileType } from "../../file-type.ts";
import { limits } from "../../limits.ts";
import { Failure, type Result } from "../answer.ts";
import type { OpenOptions } from "../open-directory.ts";
import { openBeneath, walkBeneath } from "./beneath.ts";
import { HostDirectory } from "./host-directory.ts";
import { HostFile } from "./host-file.ts";
import { openHostDirectory } from "./open-host-directory.ts";

const reading: OpenOptions = {
  follow: true,
  create: false,
  exclusive: false,
  truncate: false,
  directory: false,
  read: true,
  write: false,
  sync: "none",
};
const writing: OpenOptions = { ...reading, create: true, write: true };

const noTimes = { accessedNs: undefined, modifiedNs: undefined };

let scratch: string;
/** What guests see; a file beside it is what they must not. */
let shared: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "emend-host-"));
  shared = join(scratch, "shared");
  mkdirSync(join(shared, "a/b"), { recursive: true });
  writeFileSync(join(shared, "a/b/file"), "content");
  writeFileSync(join(scratch, "secret"), "secret");
});

afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const errnoOf = (result: Result<unknown>): number => (result instanceof Failure ? result.errno : 0);

function value<T>(result: Result<T>): T {
  if (result instanceof Failure) throw new Error(`errno ${result.errno}`);
  return result;
}

function openFile(directory: HostDirectory, path: string, options: OpenOptions = reading): HostFile {
  const file = value(directory.open(path, options));
  if (!(file instanceof HostFile)) throw new Error(`${path} is a directory`);
  return file;
}

function contentOf(directory: HostDirectory, path: string): string {
  const file = openFile(directory, path);
  const bytes = new Uint8Array(100);
  const count = value(file.read(bytes, 0));
  file.close();
  return Buffer.from(bytes.subarray(0, count)).toString();
}

const openDescriptors = (): number => readdirSync("/dev/fd").length;

describe.each([
  ["by openat2", openBeneath],
  ["name by name", walkBeneath],
])("HostDirectory, resolving %s", (_, beneath) => {
  let directory: HostDirectory;

  beforeEach(() => {
    directory = new HostDirectory(openHostDirectory(shared, { readOnly: false }).descriptor, false, beneath);
  });

  afterEach(() => directory.close());

  /** Each would end in the scratch directory, should it get out: what is tried there writes. */
  const escapes: { path: string; link?: readonly [from: string, to: string] }[] = [
    { path: ".." },
    { path: "../secret" },
    { path: "a/../../secret" },
    { path: "a/b/../../../secret" },
    { path: "./.././shared/a" },
    { path: "SCRATCH/shared/a/b/file" },
    { path: "/SCRATCH/shared/a" },
    { path: "out", link: ["out", "../secret"] },
    { path: "out/secret", link: ["out", ".."] },
    { path: "out/", link: ["out", ".."] },
    { path: "a/b/out", link: ["a/b/out", "../../../secret"] },
    { path: "a/out/../../../secret", link: ["a/out", "b"] },
    { path: "absolute", link: ["absolute", "SCRATCH/secret"] },
    { path: "absolute/secret", link: ["absolute", "SCRATCH"] },
    { path: "inside", link: ["inside", "SCRATCH/shared/a"] },
    { path: "one/x", link: ["one", "a/../.."] },
  ];

  test.each(escapes)("does not leave by $path", ({ path: given, link }) => {
    const path = given.replace("SCRATCH", scratch);
    if (link !== undefined) symlinkSync(link[1].replace("SCRATCH", scratch), join(shared, link[0]));
    const other = new HostDirectory(directory.descriptor, false, beneath);
    const results = {
      open: directory.open(path, reading),
      create: directory.open(path, writing),
      stat: directory.statAt(path, true),
      times: directory.setTimesAt(path, true, { accessedNs: 1n, modifiedNs: 1n }),
      link: directory.link(path, true, other, "taken"),
    };
    for (const [name, result] of Object.entries(results)) {
      expect([name, errnoOf(result)]).toEqual([name, errno.perm]);
    }
    expect(readFileSync(join(scratch, "secret"), "utf8")).toBe("secret");
    expect(readdirSync(scratch).sort()).toEqual(["secret", "shared"]);
    expect(existsSync(join(shared, "taken"))).toBe(false);
  });

  test("does not make, move, remove or read anything on a path that leaves", () => {
    symlinkSync("..", join(shared, "out"));
    for (const path of ["../new", "out/new", "a/../../new"]) {
      expect([path, errnoOf(directory.createDirectory(path))]).toEqual([path, errno.perm]);
      expect(errnoOf(directory.removeDirectory(path))).toBe(errno.perm);
      expect(errnoOf(directory.unlinkFile(path))).toBe(errno.perm);
      expect(errnoOf(directory.symlink("x", path))).toBe(errno.perm);
      expect(errnoOf(directory.readLink(path))).toBe(errno.perm);
      expect(errnoOf(directory.rename("a", directory, path))).toBe(errno.perm);
      expect(errnoOf(directory.rename(path, directory, "a"))).toBe(errno.perm);
      expect(errnoOf(directory.link("a/b/file", false, directory, path))).toBe(errno.perm);
    }
    expect(readdirSync(scratch).sort()).toEqual(["secret", "shared"]);
  });

  test("follows links and `..` that stay inside", () => {
    symlinkSync("b", join(shared, "a/link"));
    symlinkSync("a/link/../b/file", join(shared, "far"));
    for (const path of ["a/b/file", "a//./b/../b/file", "a/link/file", "far", "a/link/../../far"]) {
      expect([path, contentOf(directory, path)]).toEqual([path, "content"]);
    }
    expect(value(directory.statAt("far", false)).type).toBe(fileType.symbolicLink);
    expect(value(directory.statAt("far", true)).type).toBe(fileType.regularFile);
    expect(value(directory.statAt("a/link/", false)).type).toBe(fileType.directory);
    expect(value(directory.statAt("a/..", true)).inode).toBe(value(directory.stat()).inode);
  });

  test("makes a file where a dangling link leads, and none for O_EXCL", () => {
    symlinkSync("b/new", join(shared, "a/link"));
    expect(errnoOf(directory.open("a/link", { ...writing, exclusive: true }))).toBe(errno.exist);
    expect(existsSync(join(shared, "a/b/new"))).toBe(false);
    openFile(directory, "a/link", writing).close();
    expect(existsSync(join(shared, "a/b/new"))).toBe(true);
  });

  test("ends a circle and a chain of more links than the limit with ELOOP", () => {
    symlinkSync("circle", join(shared, "circle"));
    for (let i = 0; i <= limits.symbolicLinksMax + 1; i++) symlinkSync(`l${i + 1}`, join(shared, `l${i}`));
    for (const path of ["circle", "circle/x", "l0", "l0/x"]) {
      expect([path, errnoOf(directory.statAt(path, true))]).toEqual([path, errno.loop]);
      expect(errnoOf(directory.open(path, reading))).toBe(errno.loop);
    }
  });

  test("answers ENAMETOOLONG for names and paths that no file system takes", () => {
    expect(errnoOf(directory.statAt("n".repeat(256), true))).toBe(errno.nametoolong);
    expect(errnoOf(directory.statAt(`${"a/../".repeat(1000)}a`, true))).toBe(errno.nametoolong);
  });

  test("keeps a directory that was opened through it to itself", () => {
    const inner = value(directory.open("a/b", { ...reading, directory: true }));
    if (!(inner instanceof HostDirectory)) throw new Error("not a directory");
    expect(contentOf(inner, "file")).toBe("content");
    expect(errnoOf(inner.statAt("../b/file", true))).toBe(errno.perm);
    inner.close();
  });

  test("opens no FIFO, device or socket, and does not wait for one", async () => {
    Bun.spawnSync(["mkfifo", join(shared, "fifo")]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(shared, "socket"), resolve));
    for (const path of ["fifo", "socket"]) {
      expect([path, errnoOf(directory.open(path, reading))]).toEqual([path, errno.acces]);
      expect(errnoOf(directory.open(path, writing))).toBe(errno.acces);
      expect(errnoOf(directory.open(path, { ...reading, directory: true }))).toBe(errno.notdir);
      expect(value(directory.statAt(path, true)).type).toBe(fileType.unknown);
    }
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const devices = new HostDirectory(
      openHostDirectory("/dev", { readOnly: false }).descriptor,
      false,
      beneath,
    );
    expect(errnoOf(devices.open("null", { ...reading, write: true }))).toBe(errno.acces);
    expect(value(devices.statAt("null", true)).type).toBe(fileType.characterDevice);
    devices.close();
  });

  test("leaves no descriptor open behind a path, whatever becomes of it", () => {
    symlinkSync("a/b", join(shared, "link"));
    Bun.spawnSync(["mkfifo", join(shared, "fifo")]);
    const before = openDescriptors();
    for (const path of [
      "link/file",
      "a/b/../x/y",
      "a/b/../../..",
      "fifo",
      "link/file/",
      "a/nothing",
      "a/b/c/d",
    ]) {
      for (const options of [reading, { ...reading, directory: true }]) {
        const opened = directory.open(path, options);
        if (!(opened instanceof Failure)) opened.close();
      }
      directory.statAt(path, true);
      directory.rename(path, directory, "a/nothing/at/all");
      directory.readLink(path);
    }
    directory.entries();
    directory.sync();
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });
});

describe("HostDirectory", () => {
  test.skipIf(process.platform !== "linux")("follows no link of /proc that is none in the tree", () => {
    for (const beneath of [openBeneath, walkBeneath]) {
      const { descriptor } = openHostDirectory("/proc/self", { readOnly: true });
      const directory = new HostDirectory(descriptor, true, beneath);
      for (const path of ["root", "root/tmp", "cwd", "cwd/x", "exe", "fd/0", `fd/${descriptor}/x`]) {
        expect([path, errnoOf(directory.open(path, reading))]).not.toEqual([path, 0]);
        expect([path, errnoOf(directory.statAt(path, true))]).not.toEqual([path, 0]);
      }
      directory.close();
    }
  });

  test("lists names with inodes and types, and leaves out what is not UTF-8", () => {
    symlinkSync("a", join(shared, "link"));
    writeFileSync(join(shared, "späte Datei"), "");
    writeFileSync(Buffer.concat([Buffer.from(`${shared}/x`), Buffer.from([0xff])]), "");
    const directory = openHostDirectory(shared, { readOnly: false });
    const entries = value(directory.entries());
    expect(entries.map(({ name, type }) => [name, type]).sort()).toEqual([
      ["a", fileType.directory],
      ["link", fileType.symbolicLink],
      ["späte Datei", fileType.regularFile],
    ]);
    for (const { name, inode } of entries) {
      expect([name, inode]).toEqual([name, lstatSync(join(shared, name), { bigint: true }).ino]);
    }
    directory.close();
  });

  test("lists thousands of names, each once", () => {
    for (let i = 0; i < 3000; i++) writeFileSync(join(shared, `a/b/${i}-${"x".repeat(i % 200)}`), "");
    const directory = openHostDirectory(join(shared, "a/b"), { readOnly: true });
    expect(new Set(value(directory.entries()).map(({ name }) => name)).size).toBe(3001);
    directory.close();
  });

  test("moves and links between two mounts", () => {
    mkdirSync(join(scratch, "other"));
    const [from, to] = [shared, join(scratch, "other")].map((path) =>
      openHostDirectory(path, { readOnly: false }),
    );
    expect(value(from!.link("a/b/file", false, to!, "linked"))).toBeUndefined();
    expect(value(from!.rename("a/b/file", to!, "moved"))).toBeUndefined();
    expect(readdirSync(join(scratch, "other")).sort()).toEqual(["linked", "moved"]);
    from!.close();
    to!.close();
  });

  test("refuses every change of a read-only mount with EROFS, also from another mount, and reads", () => {
    const [directory, other] = [true, false].map((readOnly) => openHostDirectory(shared, { readOnly }));
    const before = lstatSync(join(shared, "a/b/file"), { bigint: true });
    const file = openFile(directory!, "a/b/file");
    const times = { accessedNs: 1n, modifiedNs: 1n };
    const changes: Record<string, Result<unknown>> = {
      write: directory!.open("a/b/file", { ...reading, write: true }),
      truncate: directory!.open("a/b/file", { ...reading, truncate: true }),
      create: directory!.open("new", { ...reading, create: true }),
      createDirectory: directory!.createDirectory("new"),
      removeDirectory: directory!.removeDirectory("a"),
      unlinkFile: directory!.unlinkFile("a/b/file"),
      symlink: directory!.symlink("x", "new"),
      rename: directory!.rename("a", directory!, "new"),
      renameAway: directory!.rename("a", other!, "new"),
      renameHere: other!.rename("a", directory!, "new"),
      link: directory!.link("a/b/file", false, directory!, "new"),
      linkAway: directory!.link("a/b/file", false, other!, "new"),
      linkHere: other!.link("a/b/file", false, directory!, "new"),
      setTimesAt: directory!.setTimesAt("a", true, times),
      setTimes: directory!.setTimes(times),
      fileWrite: file.write(Buffer.from("x"), 0),
      fileAppend: file.write(Buffer.from("x"), undefined),
      fileSetSize: file.setSize(0),
      fileAllocate: file.allocate(0, 100),
      fileSetTimes: file.setTimes(times),
    };
    for (const [name, result] of Object.entries(changes)) {
      expect([name, errnoOf(result)]).toEqual([name, errno.rofs]);
    }
    const after = lstatSync(join(shared, "a/b/file"), { bigint: true });
    expect([after.mtimeNs, after.size]).toEqual([before.mtimeNs, before.size]);
    expect(readdirSync(shared)).toEqual(["a"]);
    expect(contentOf(directory!, "a/b/file")).toBe("content");
    // What exists may be opened with O_CREAT, as on a file system that is mounted so.
    openFile(directory!, "a/b/file", { ...reading, create: true }).close();
    for (const each of [file, directory!, other!]) each.close();
  });

  test("sets times to the nanosecond, one without the other, and those of a link itself", () => {
    const directory = openHostDirectory(shared, { readOnly: false });
    symlinkSync("a/b/file", join(shared, "link"));
    const [accessedNs, modifiedNs] = [1_600_000_000_123_456_789n, 1_600_000_001_987_654_321n];
    value(directory.setTimesAt("a/b/file", true, { accessedNs, modifiedNs }));
    value(directory.setTimesAt("link", true, { ...noTimes, modifiedNs: 7n }));
    value(directory.setTimesAt("link", false, { accessedNs: 8n, modifiedNs: 9n }));
    expect(value(directory.statAt("a/b/file", true))).toMatchObject({ accessedNs, modifiedNs: 7n });
    expect(value(directory.statAt("link", false))).toMatchObject({ modifiedNs: 9n });
    directory.close();
  });
});

describe("HostFile", () => {
  test("appends behind what others appended, and writes where it is told afterwards", () => {
    const directory = openHostDirectory(shared, { readOnly: false });
    const [one, two] = [openFile(directory, "log", writing), openFile(directory, "log", writing)];
    expect(one.write(Buffer.from("one"), undefined)).toEqual({ count: 3, endOffset: 3 });
    expect(two.write(Buffer.from("two"), undefined)).toEqual({ count: 3, endOffset: 6 });
    expect(one.write(Buffer.from("O"), 0)).toEqual({ count: 1, endOffset: 1 });
    expect(readFileSync(join(shared, "log"), "utf8")).toBe("Onetwo");
    for (const each of [one, two, directory]) each.close();
  });

  test("allocates room, and never makes a file shorter", () => {
    const directory = openHostDirectory(shared, { readOnly: false });
    const file = openFile(directory, "a/b/file", { ...reading, write: true });
    value(file.allocate(0, 1));
    expect(value(file.stat()).sizeBytes).toBe(7n);
    value(file.allocate(100, 50));
    expect(value(file.stat()).sizeBytes).toBe(150n);
    expect(errnoOf(file.allocate(0, 0))).toBe(errno.inval);
    for (const each of [file, directory]) each.close();
  });
});

describe("openHostDirectory", () => {
  test.each(["missing", "secret"])("refuses %s and says what it expected", (name) => {
    const open = (): unknown => openHostDirectory(join(scratch, name), { readOnly: true });
    expect(open).toThrow(/expected a directory that can be opened: E(NOENT|NOTDIR)/);
  });
});
