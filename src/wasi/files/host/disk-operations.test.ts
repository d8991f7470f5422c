import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errno } from "../../errno.ts";
import { fileType } from "../../file-type.ts";
import { Failure } from "../answer.ts";
import type { OpenOptions } from "../open-directory.ts";
import { diskOperations as disk, type Handle, type OpenedHandle, unpackEntries } from "./disk-operations.ts";

let root = "";
let on: Handle;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "emend-disk-"));
  on = { descriptor: openSync(root, "r"), readOnly: false };
});
afterEach(() => {
  disk.close(on);
  rmSync(root, { recursive: true });
});

const options: OpenOptions = {
  follow: true,
  create: false,
  exclusive: false,
  truncate: false,
  directory: false,
  read: true,
  write: true,
  sync: "none",
};

function opened(path: string, more: object = {}): OpenedHandle {
  const handle = disk.open(on, path, { ...options, ...more });
  if (handle instanceof Failure) throw new Error(`errno ${handle.errno}`);
  return handle;
}

test("a file is made, written, read, cut, timed and removed by calls that carry all they need", () => {
  const file = opened("a.txt", { create: true });
  expect(file.directory).toBe(false);
  expect(disk.write(file, new TextEncoder().encode("hello, disk"), 0)).toEqual({ count: 11, endOffset: 11 });
  expect(disk.read(file, 100, 7)).toEqual(new Uint8Array(new TextEncoder().encode("disk")));
  expect(disk.allocate(file, 0, 20)).toBeUndefined();
  expect(disk.stat(file)).toMatchObject({ type: fileType.regularFile, sizeBytes: 20n });
  expect(disk.setSize(file, 5)).toBeUndefined();
  expect(disk.setTimes(file, { accessedNs: undefined, modifiedNs: 5_000_000_000n })).toBeUndefined();
  expect([disk.sync(file), disk.dataSync(file)]).toEqual([undefined, undefined]);
  disk.close(file);
  expect(readFileSync(join(root, "a.txt"), "utf8")).toBe("hello");
  expect(statSync(join(root, "a.txt")).mtimeMs).toBe(5000);
  expect(disk.unlinkFile(on, "a.txt")).toBeUndefined();
  expect(disk.statAt(on, "a.txt", true)).toMatchObject({ errno: errno.noent });
});

test("names are listed in a form that can be sent, and come back as they were", () => {
  expect(unpackEntries(disk.entries(on) as never)).toEqual([]);
  writeFileSync(join(root, "a.txt"), "");
  expect(disk.createDirectory(on, "sub")).toBeUndefined();
  expect(disk.symlink(on, "a.txt", "link")).toBeUndefined();
  const entries = unpackEntries(disk.entries(on) as never).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  expect(entries.map(({ name, type }) => [name, type])).toEqual([
    ["a.txt", fileType.regularFile],
    ["link", fileType.symbolicLink],
    ["sub", fileType.directory],
  ]);
  expect(entries[0]!.inode).toBe(statSync(join(root, "a.txt"), { bigint: true }).ino);
});

test("names are moved, linked and followed below the directories they are given", () => {
  disk.createDirectory(on, "sub");
  const sub = opened("sub", { directory: true, write: false });
  expect(sub.directory).toBe(true);
  writeFileSync(join(root, "a.txt"), "a");
  expect(disk.rename(on, "a.txt", sub, "b.txt")).toBeUndefined();
  expect(disk.link(sub, "b.txt", false, on, "c.txt")).toBeUndefined();
  expect(readFileSync(join(root, "c.txt"), "utf8")).toBe("a");
  expect(disk.symlink(on, "c.txt", "link")).toBeUndefined();
  expect(disk.readLink(on, "link")).toBe("c.txt");
  expect(
    disk.setTimesAt(on, "link", true, { accessedNs: undefined, modifiedNs: 7_000_000_000n }),
  ).toBeUndefined();
  expect(statSync(join(root, "c.txt")).mtimeMs).toBe(7000);
  expect(disk.setDirectoryTimes(sub, { accessedNs: undefined, modifiedNs: 9_000_000_000n })).toBeUndefined();
  expect(statSync(join(root, "sub")).mtimeMs).toBe(9000);
  expect(disk.syncDirectory(sub)).toBeUndefined();
  expect(disk.removeDirectory(on, "sub")).toMatchObject({ errno: errno.notempty });
  expect(disk.open(on, "../etc", options)).toMatchObject({ errno: errno.perm });
  disk.close(sub);
});

test("what fails is an errno", () => {
  expect(disk.open(on, "none", options)).toMatchObject({ errno: errno.noent });
  const file = opened("a.txt", { create: true, read: false });
  expect(disk.read(file, 1, 0)).toBeInstanceOf(Failure);
  expect(disk.entries({ ...file })).toBeInstanceOf(Failure);
  disk.close(file);
});
