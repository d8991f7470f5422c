/** Names: making, moving and removing them. */
import { expect } from "bun:test";
import {
  bytesOf,
  type Cases,
  namesIn,
  openDirectory,
  openFile,
  options,
  readAt,
  readText,
  told,
  value,
  writeText,
} from "./files-fixture.ts";

export const nameCases: Cases = {
  "createDirectory: makes one, and refuses what is there or cannot be": async (root) => {
    const expected: [path: string, answer: string][] = [
      ["new", "ok"],
      ["slashed/", "ok"],
      ["new/inner", "ok"],
      ["new", "exist"],
      ["new/", "exist"],
      ["hello.txt", "exist"],
      [".", "exist"],
      ["new/..", "exist"],
      ["none/x", "noent"],
      ["hello.txt/x", "notdir"],
      ["..", "perm"],
      ["../x", "perm"],
      ["/x", "perm"],
      ["a".repeat(256), "nametoolong"],
    ];
    for (const [path, answer] of expected)
      expect([path, await told(root.createDirectory(path))]).toEqual([path, answer]);
    expect(await namesIn(root)).toEqual(["deep", "empty", "hello.txt", "new", "slashed"]);
  },

  "removeDirectory: only an empty directory, by a name of its own": async (root) => {
    await value(root.createDirectory("new"));
    await value(root.createDirectory("other"));
    const expected: [path: string, answer: string][] = [
      ["deep", "notempty"],
      ["deep/", "notempty"],
      ["hello.txt", "notdir"],
      ["hello.txt/", "notdir"],
      ["none", "noent"],
      ["new/.", "inval"],
      ["new/..", "notempty"],
      ["../x", "perm"],
      ["new", "ok"],
      ["other/", "ok"],
      ["new", "noent"],
    ];
    for (const [path, answer] of expected)
      expect([path, await told(root.removeDirectory(path))]).toEqual([path, answer]);
    expect(await namesIn(root)).toEqual(["deep", "empty", "hello.txt"]);
  },

  "removeDirectory: an open one is empty from then on, and takes nothing new": async (root) => {
    await value(root.createDirectory("new"));
    const open = await openDirectory(root, "new");
    await value(root.removeDirectory("new"));
    expect(await told(open.createDirectory("x"))).toBe("noent");
    expect(await told(open.open("x", options("create")))).toBe("noent");
    expect(await told(root.rename("hello.txt", open, "x"))).toBe("noent");
    open.close();
    expect(await readText(root, "hello.txt")).toBe("hello, world\n");
  },

  "unlinkFile: only what is no directory": async (root) => {
    const expected: [path: string, answer: string][] = [
      ["deep", "isdir"],
      ["deep/", "isdir"],
      [".", "isdir"],
      ["hello.txt/", "notdir"],
      ["none", "noent"],
      ["hello.txt/x", "notdir"],
      ["../x", "perm"],
      ["hello.txt", "ok"],
      ["hello.txt", "noent"],
    ];
    for (const [path, answer] of expected)
      expect([path, await told(root.unlinkFile(path))]).toEqual([path, answer]);
    expect(await namesIn(root)).toEqual(["deep", "empty"]);
  },

  "unlinkFile: an open file goes on": async (root) => {
    const file = await openFile(root, "hello.txt", "write");
    await value(root.unlinkFile("hello.txt"));
    await value(file.write(bytesOf("J"), 0));
    expect(await readAt(file, 0, 5)).toBe("Jello");
    expect((await value(file.stat())).links).toBe(0n);
    await writeText(root, "hello.txt", "another");
    expect([await readAt(file, 0, 5), await readText(root, "hello.txt")]).toEqual(["Jello", "another"]);
    file.close();
  },

  "rename: a file to a new name, over another file, and into another directory": async (root) => {
    await writeText(root, "one", "1");
    await writeText(root, "two", "2");
    const before = await value(root.statAt("one", false));
    await value(root.rename("one", root, "three"));
    expect([await readText(root, "three"), await told(root.statAt("one", false))]).toEqual(["1", "noent"]);
    await value(root.rename("three", root, "two"));
    expect([await readText(root, "two"), await told(root.statAt("three", false))]).toEqual(["1", "noent"]);
    const deep = await openDirectory(root, "deep");
    await value(root.rename("two", deep, "er/moved"));
    deep.close();
    expect(await readText(root, "deep/er/moved")).toBe("1");
    expect((await value(root.statAt("deep/er/moved", false))).inode).toBe(before.inode);
    expect(await namesIn(root)).toEqual(["deep", "empty", "hello.txt"]);
  },

  "rename: a directory with all that is in it, over an empty one": async (root) => {
    await value(root.createDirectory("place"));
    await value(root.rename("deep/", root, "place/"));
    expect(await readText(root, "place/er/file")).toBe("below");
    await value(root.rename("place/er", root, "er"));
    expect(await readText(root, "er/file")).toBe("below");
    const er = await openDirectory(root, "er");
    expect(await told(er.open("../place", options()))).toBe("perm");
    er.close();
    expect(await namesIn(root)).toEqual(["empty", "er", "hello.txt", "place"]);
  },

  "rename: what does not go together, and a directory into itself": async (root) => {
    await value(root.createDirectory("new"));
    const expected: [from: string, to: string, answer: string][] = [
      ["none", "x", "noent"],
      ["hello.txt", "none/x", "noent"],
      ["hello.txt", "new", "isdir"],
      ["new", "hello.txt", "notdir"],
      ["new", "deep", "notempty"],
      ["deep", "deep/er/x", "inval"],
      ["deep", "deep/x", "inval"],
      ["hello.txt/", "x", "notdir"],
      ["hello.txt", "x/", "notdir"],
      ["hello.txt", "empty/x", "notdir"],
      ["deep/er", "deep", "notempty"],
      [".", "x", "busy"],
      ["new", "deep/..", "busy"],
      ["hello.txt", "../x", "perm"],
      ["../x", "hello.txt", "perm"],
      ["hello.txt", "hello.txt", "ok"],
      ["deep", "deep", "ok"],
    ];
    for (const [from, to, answer] of expected)
      expect([from, to, await told(root.rename(from, root, to))]).toEqual([from, to, answer]);
    expect(await namesIn(root)).toEqual(["deep", "empty", "hello.txt", "new"]);
  },

  "entries: names that come and go are there and gone": async (root) => {
    const deep = await openDirectory(root, "deep");
    await writeText(root, "deep/new", "");
    await value(deep.unlinkFile("größe"));
    expect(await namesIn(deep)).toEqual(["er", "new"]);
    deep.close();
  },
};
