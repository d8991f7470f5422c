/** What can be read of a directory that the seed is in, whether or not anything can be changed. */
import { expect } from "bun:test";
import { OpenDirectory } from "../../src/wasi/index.ts";
import {
  bytesOf,
  type Cases,
  type Flags,
  namesIn,
  openDirectory,
  openFile,
  options,
  readAt,
  readText,
  told,
  value,
} from "./files-fixture.ts";

export const readingCases: Cases = {
  "open: a file reads as it is, from any offset": async (root) => {
    const file = await openFile(root, "hello.txt");
    const parts = [await readAt(file, 0, 100), await readAt(file, 7, 5), await readAt(file, 13, 5)];
    expect(parts).toEqual(["hello, world\n", "world", ""]);
    expect(await readAt(file, 2 ** 40, 5)).toBe("");
    file.close();
  },

  "open: a path goes through directories, `.`, `..` and doubled slashes": async (root) => {
    for (const path of ["deep/er/file", "./deep//er/./file", "deep/../deep/er/../er/file"])
      expect([path, await readText(root, path)]).toEqual([path, "below"]);
  },

  "open: a directory opens through itself, a name, and with slashes behind it": async (root) => {
    for (const path of [".", "deep", "deep/", "deep///", "deep/.", "deep/er/.."]) {
      const node = await value(root.open(path, options()));
      expect([path, node instanceof OpenDirectory]).toEqual([path, true]);
      node.close();
    }
  },

  "open: what is not there, is no directory, or is one": async (root) => {
    const expected: [path: string, flags: Flags, answer: string][] = [
      ["none", "", "noent"],
      ["none/x", "", "noent"],
      ["none/", "", "noent"],
      ["hello.txt/x", "", "notdir"],
      ["hello.txt/", "", "notdir"],
      ["hello.txt/..", "", "notdir"],
      ["hello.txt", "directory", "notdir"],
      ["deep", "directory", "ok"],
      ["deep", "write", "isdir"],
      ["deep", "directory write", "isdir"],
    ];
    for (const [path, flags, answer] of expected)
      expect([path, flags, await told(root.open(path, options(flags)))]).toEqual([path, flags, answer]);
  },

  "open: nothing above the directory can be reached": async (root) => {
    for (const path of ["..", "../x", "deep/../..", "/", "/hello.txt", "deep/er/../../../x"])
      expect([path, await told(root.open(path, options()))]).toEqual([path, "perm"]);
    const deep = await openDirectory(root, "deep");
    expect(await told(deep.open("../hello.txt", options()))).toBe("perm");
    expect(await readText(deep, "er/file")).toBe("below");
    deep.close();
  },

  "open: a name of more than 255 bytes is too long": async (root) => {
    for (const name of ["a".repeat(256), "ä".repeat(128)]) {
      expect(await told(root.open(name, options()))).toBe("nametoolong");
      expect(await told(root.statAt(`deep/${name}`, true))).toBe("nametoolong");
    }
    expect(await told(root.open("a".repeat(255), options()))).toBe("noent");
  },

  "stat: kinds, sizes, and an identity of its own for each": async (root) => {
    const stats = await Promise.all(
      [".", "hello.txt", "empty", "deep", "deep/größe"].map((path) => value(root.statAt(path, true))),
    );
    expect(stats.map(({ type }) => type)).toEqual([3, 4, 4, 3, 4]);
    expect([stats[1], stats[2], stats[4]].map((stat) => stat?.sizeBytes)).toEqual([13n, 0n, 5000n]);
    expect(new Set(stats.map(({ device, inode }) => `${device} ${inode}`)).size).toBe(5);
    expect(stats.every(({ links }) => links >= 1n)).toBe(true);
    const file = await openFile(root, "hello.txt");
    expect(await value(file.stat())).toEqual(stats[1]!);
    file.close();
    expect(await told(root.statAt("hello.txt/", true))).toBe("notdir");
    expect(await told(root.statAt("none", true))).toBe("noent");
  },

  "entries: every name with its kind and inode, without `.` and `..`": async (root) => {
    const list = await value(root.entries());
    const sorted = list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    expect(sorted.map(({ name, type }) => [name, type])).toEqual([
      ["deep", 3],
      ["empty", 4],
      ["hello.txt", 4],
    ]);
    for (const { name, inode } of list) expect((await value(root.statAt(name, false))).inode).toBe(inode);
    const deep = await openDirectory(root, "deep");
    expect(await namesIn(deep)).toEqual(["er", "größe"]);
    deep.close();
  },

  "readLink: of what is no symbolic link": async (root) => {
    expect(await told(root.readLink("hello.txt"))).toBe("inval");
    expect(await told(root.readLink("deep"))).toBe("inval");
    expect(await told(root.readLink("none"))).toBe("noent");
  },

  "open: one file open several times is one file": async (root) => {
    const [one, two] = [await openFile(root, "hello.txt"), await openFile(root, "hello.txt")];
    one.close();
    expect(await readAt(two, 0, 5)).toBe("hello");
    two.close();
  },

  "read-only: every change is refused, and changes nothing": async (root) => {
    const answers = await Promise.all(
      [
        root.open("hello.txt", options("write")),
        root.open("hello.txt", options("truncate")),
        root.open("new", options("create")),
        root.setTimesAt("hello.txt", true, { accessedNs: 1n, modifiedNs: 1n }),
        root.setTimes({ accessedNs: 1n, modifiedNs: 1n }),
        root.createDirectory("new"),
        root.removeDirectory("deep/er"),
        root.unlinkFile("hello.txt"),
        root.rename("hello.txt", root, "new"),
        root.link("hello.txt", false, root, "new"),
        root.symlink("hello.txt", "new"),
      ].map(told),
    );
    expect(answers).toEqual(Array(11).fill("rofs"));
    expect(await namesIn(root)).toEqual(["deep", "empty", "hello.txt"]);
    const file = await openFile(root, "hello.txt");
    const onFile = [file.write(bytesOf("x"), 0), file.setSize(0), file.allocate(0, 100)];
    for (const answer of onFile) expect(["rofs", "badf"]).toContain(await told(answer));
    file.close();
    expect(await readText(root, "hello.txt")).toBe("hello, world\n");
  },
};
