import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errno } from "../../errno.ts";
import { limits } from "../../limits.ts";
import { Failure, type Result } from "../answer.ts";
import type { OpenDirectory, OpenOptions } from "../open-directory.ts";
import { OpenFile } from "../open-file.ts";
import { DiskThread } from "./disk-thread.ts";
import { OffThreadDirectory } from "./off-thread-directory.ts";
import { OffThreadFile } from "./off-thread-file.ts";
import { openHostDirectory, openHostDirectoryOffThread } from "./open-host-directory.ts";

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

let scratch: string;
let directory: OffThreadDirectory;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "emend-disk-"));
  directory = openHostDirectoryOffThread(scratch, { readOnly: false });
});

afterEach(() => {
  directory.close();
  rmSync(scratch, { recursive: true, force: true });
});

function value<T>(result: Result<T>): T {
  if (result instanceof Failure) throw new Error(`errno ${result.errno}`);
  return result;
}

async function openFile(from: OpenDirectory, path: string, options: OpenOptions): Promise<OpenFile> {
  const file = value(await from.open(path, options));
  if (!(file instanceof OpenFile)) throw new Error(`${path} is a directory`);
  return file;
}

/** Bytes that differ at every place that a mistake could move them to. */
const pattern = (length: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255);

describe("OffThreadFile", () => {
  test("writes and reads more than one piece whole, and leaves the bytes it was given alone", async () => {
    const bytes = pattern(limits.diskPieceBytes * 2 + 12_345);
    const given = bytes.slice();
    const file = await openFile(directory, "file", writing);
    expect(await file.write(given, 0)).toEqual({ count: bytes.length, endOffset: bytes.length });
    expect(Bun.deepEquals(given, bytes)).toBe(true);
    expect(Bun.deepEquals(new Uint8Array(readFileSync(join(scratch, "file"))), bytes)).toBe(true);
    const into = new Uint8Array(bytes.length + 100);
    expect(await file.read(into, 0)).toBe(bytes.length);
    expect(Bun.deepEquals(into.subarray(0, bytes.length), bytes)).toBe(true);
    expect(await file.read(into, bytes.length)).toBe(0);
    file.close();
  });

  test("appends piece by piece behind the end", async () => {
    const bytes = pattern(limits.diskPieceBytes + 10);
    const file = await openFile(directory, "log", writing);
    await file.write(Buffer.from("head"), undefined);
    expect(await file.write(bytes, undefined)).toEqual({ count: bytes.length, endOffset: bytes.length + 4 });
    expect(readFileSync(join(scratch, "log")).subarray(4).equals(bytes)).toBe(true);
    file.close();
  });

  test.skipIf(process.platform !== "linux")("reads what the system has in memory at once", async () => {
    writeFileSync(join(scratch, "file"), pattern(10_000));
    const file = await openFile(directory, "file", reading);
    const into = new Uint8Array(4096);
    // Whether a file system can tell is its own business: what it does not, comes from the thread.
    const answers = [file.read(into, 0), file.read(into, 8000), file.read(into, 10_000)];
    expect(await Promise.all(answers)).toEqual([4096, 2000, 0]);
    expect(Bun.deepEquals(into.subarray(0, 2000), pattern(10_000).subarray(8000))).toBe(true);
    file.close();
  });

  test("reads what it is not told at once from the thread", async () => {
    const bytes = pattern(limits.diskPieceBytes + 999);
    writeFileSync(join(scratch, "file"), bytes);
    const disk = new DiskThread();
    const [descriptor, into] = [openSync(join(scratch, "file"), "r"), new Uint8Array(bytes.length)];
    const first = value(await disk.ask("read", { descriptor, readOnly: true }, 1000, 500));
    expect(Bun.deepEquals(first, bytes.slice(500, 1500))).toBe(true);
    const file = new OffThreadFile({ descriptor, readOnly: true }, disk);
    // More than a piece: whatever is in memory, the rest comes from the thread.
    expect(await file.read(into, 0)).toBe(bytes.length);
    expect(Bun.deepEquals(into, bytes)).toBe(true);
    closeSync(descriptor);
  });

  test("answers a failure of the disk with its errno", async () => {
    writeFileSync(join(scratch, "file"), "content");
    const file = await openFile(directory, "file", { ...reading, read: false, write: true });
    expect(await file.read(new Uint8Array(10), 0)).toBe(Failure.of(errno.badf));
    expect(await file.read(new Uint8Array(limits.diskPieceBytes * 2), 0)).toBe(Failure.of(errno.badf));
    file.close();
    const readOnly = openHostDirectoryOffThread(scratch, { readOnly: true });
    const unwritable = await openFile(readOnly, "file", reading);
    expect(await unwritable.write(Buffer.from("x"), 0)).toBe(Failure.of(errno.rofs));
    expect(await unwritable.setSize(0)).toBe(Failure.of(errno.rofs));
    expect(await readOnly.createDirectory("new")).toBe(Failure.of(errno.rofs));
    unwritable.close();
    readOnly.close();
  });
});

describe("OffThreadDirectory", () => {
  test("lists names, also none", async () => {
    expect(await directory.entries()).toEqual([]);
    for (const name of ["a", "b c", "ä"]) writeFileSync(join(scratch, name), "");
    const direct = openHostDirectory(scratch, { readOnly: true });
    expect(await directory.entries()).toEqual(value(direct.entries()));
    direct.close();
  });

  test("answers many calls that were made at once, each its own", async () => {
    const paths = Array.from({ length: 300 }, (_, i) => `file-${i}`);
    for (const [i, path] of paths.entries()) writeFileSync(join(scratch, path), "x".repeat(i));
    const stats = await Promise.all(paths.map((path) => directory.statAt(path, true)));
    expect(stats.map((stat) => Number(value(stat).sizeBytes))).toEqual(paths.map((_, i) => i));
  });

  test("opens no more than all guests may have open together, and counts what failed or was closed", async () => {
    writeFileSync(join(scratch, "file"), "");
    const disk = new DiskThread();
    const { descriptor, readOnly } = openHostDirectory(scratch, { readOnly: true });
    disk.opened();
    const mount = new OffThreadDirectory({ descriptor, readOnly }, disk);
    const open = (path: string): Promise<Result<unknown>> => mount.open(path, reading);
    for (let i = 0; i < limits.mountedDescriptorsMax; i++)
      expect(await open("none")).toBe(Failure.of(errno.noent));
    const opened: OpenFile[] = [];
    for (;;) {
      const file = await mount.open("file", reading);
      if (file instanceof Failure) {
        expect(file).toBe(Failure.of(errno.nfile));
        break;
      }
      if (file instanceof OpenFile) opened.push(file);
    }
    // The mount itself is one of them.
    expect(opened.length).toBe(limits.mountedDescriptorsMax - 1);
    opened.pop()?.close();
    opened.push(await openFile(mount, "file", reading));
    for (const file of opened) file.close();
    (await openFile(mount, "file", reading)).close();
    mount.close();
  });

  test("moves nothing to or from a directory that is reached otherwise", async () => {
    writeFileSync(join(scratch, "file"), "");
    const direct = openHostDirectory(scratch, { readOnly: false });
    expect(await directory.rename("file", direct, "moved")).toBe(Failure.of(errno.xdev));
    expect(await directory.link("file", false, direct, "linked")).toBe(Failure.of(errno.xdev));
    expect(direct.rename("file", directory, "moved")).toBe(Failure.of(errno.xdev));
    expect(readdirSync(scratch)).toEqual(["file"]);
    direct.close();
  });
});

describe("DiskThread", () => {
  const missing = { descriptor: 1_000_000, readOnly: true };

  test("holds no more calls than its limit, and closes files all the same", async () => {
    const disk = new DiskThread();
    const answers = Array.from({ length: limits.diskCallsMax }, () => disk.ask("stat", missing));
    expect(await disk.ask("stat", missing)).toBe(Failure.of(errno.again));
    const descriptor = openSync(scratch, "r");
    expect(await disk.ask("close", { descriptor, readOnly: true })).toBeUndefined();
    expect(() => closeSync(descriptor)).toThrow("EBADF");
    expect(new Set(await Promise.all(answers))).toEqual(new Set([Failure.of(errno.badf)]));
    expect(await disk.ask("stat", missing)).toBe(Failure.of(errno.badf));
  });

  test("that waits for a disk holds nobody else", async () => {
    const script = join(scratch, "slow.ts");
    writeFileSync(
      script,
      `addEventListener("message", ({ data }) => {
         Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
         postMessage({ id: data.id, errno: undefined, value: undefined });
       });`,
    );
    const disk = new DiskThread(Bun.pathToFileURL(script));
    let [turns, answered] = [0, false];
    const answer = disk.ask("sync", missing).then(() => {
      answered = true;
    });
    while (!answered) {
      await Bun.sleep(5);
      turns++;
    }
    await answer;
    expect(turns).toBeGreaterThan(10);
  });

  test("refuses nobody for what a guest left to close", async () => {
    const disk = new DiskThread();
    const closes = Array.from({ length: limits.diskCallsMax + 1 }, () => disk.ask("close", missing));
    expect(await disk.ask("stat", missing)).toBe(Failure.of(errno.badf));
    await Promise.all(closes);
  });

  test("ends when nobody asks for anything, and starts again", async () => {
    const disk = new DiskThread(undefined, 30);
    expect(disk.running).toBe(false);
    for (let time = 0; time < 2; time++) {
      expect(await disk.ask("stat", missing)).toBe(Failure.of(errno.badf));
      expect(disk.running).toBe(true);
      const deadlineMs = performance.now() + 5000;
      while (disk.running && performance.now() < deadlineMs) await Bun.sleep(10);
      expect(disk.running).toBe(false);
    }
  });

  test("is kept while it is asked, however long that takes", async () => {
    const disk = new DiskThread(undefined, 1);
    for (let i = 0; i < 200; i++) expect(await disk.ask("stat", missing)).toBe(Failure.of(errno.badf));
    const answers = Array.from({ length: 100 }, () => disk.ask("stat", missing));
    expect(new Set(await Promise.all(answers))).toEqual(new Set([Failure.of(errno.badf)]));
  });

  test("that dies answers EIO to all who wait, and is there again for the next", async () => {
    const script = join(scratch, "dies.ts");
    const once = join(scratch, "died");
    writeFileSync(
      script,
      `import { existsSync, writeFileSync } from "node:fs";
       addEventListener("message", ({ data }) => {
         if (existsSync(${JSON.stringify(once)})) return postMessage({ id: data.id, errno: 1000 });
         writeFileSync(${JSON.stringify(once)}, "");
         process.exit(1);
       });`,
    );
    const disk = new DiskThread(Bun.pathToFileURL(script));
    const answers = await Promise.all([disk.ask("stat", missing), disk.ask("sync", missing)]);
    expect(answers).toEqual([Failure.of(errno.io), Failure.of(errno.io)]);
    expect(disk.running).toBe(false);
    expect(await disk.ask("stat", missing)).toBe(Failure.of(1000));
  });

  test.each([
    ["throws", "addEventListener('message', () => { throw new Error('a bug'); });"],
    ["cannot be loaded", "import './there-is-no-such-file.ts';"],
  ])("that %s answers EIO", async (_, program) => {
    const script = join(scratch, "broken.ts");
    writeFileSync(script, program);
    const disk = new DiskThread(Bun.pathToFileURL(script));
    expect(await disk.ask("stat", missing)).toBe(Failure.of(errno.io));
    expect(disk.running).toBe(false);
  });

  test("neither keeps a process alive nor lets it end before its answers", async () => {
    const program = `
      const { openHostDirectoryOffThread } = await import(${JSON.stringify(join(import.meta.dir, "index.ts"))});
      const directory = openHostDirectoryOffThread(${JSON.stringify(scratch)}, { readOnly: true });
      directory.statAt("file", true).then((stat) => console.log(stat.sizeBytes));`;
    writeFileSync(join(scratch, "file"), "12345");
    const began = performance.now();
    const { stdout, exitCode } = Bun.spawnSync([process.execPath, "-e", program]);
    expect([stdout.toString().trim(), exitCode]).toEqual(["5n", 0]);
    expect(performance.now() - began).toBeLessThan(limits.diskThreadIdleMs);
  });
});
