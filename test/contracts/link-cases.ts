/** Links, symbolic and hard. */
import { expect } from "bun:test";
import {
  type Cases,
  namesIn,
  openDirectory,
  openFile,
  options,
  readText,
  told,
  value,
  writeText,
} from "./files-fixture.ts";

export const linkCases: Cases = {
  "symlink: keeps its target as it is, wherever that leads": async (root) => {
    for (const target of ["hello.txt", "none", "../../x", "deep/./er//", "größe"]) {
      await value(root.symlink(target, "link"));
      expect(await value(root.readLink("link"))).toBe(target);
      const stat = await value(root.statAt("link", false));
      expect([stat.type, stat.sizeBytes]).toEqual([7, BigInt(Buffer.byteLength(target))]);
      await value(root.unlinkFile("link"));
    }
  },

  "symlink: refuses an absolute target and a place that is taken": async (root) => {
    const expected: [target: string, path: string, answer: string][] = [
      ["/etc/passwd", "link", "perm"],
      ["x", "hello.txt", "exist"],
      ["x", "deep", "exist"],
      ["x", "deep/", "exist"],
      ["x", ".", "exist"],
      ["x", "link/", "noent"],
      ["x", "none/link", "noent"],
      ["x", "../link", "perm"],
    ];
    for (const [target, path, answer] of expected)
      expect([target, path, await told(root.symlink(target, path))]).toEqual([target, path, answer]);
    expect(await namesIn(root)).toEqual(["deep", "empty", "hello.txt"]);
  },

  "symlink: is followed on the way, and at the end where that is asked for": async (root) => {
    await value(root.symlink("deep/er", "short"));
    await value(root.symlink("../hello.txt", "deep/up"));
    await value(root.symlink("short/file", "twice"));
    expect(await readText(root, "short/file")).toBe("below");
    expect(await readText(root, "deep/up")).toBe("hello, world\n");
    expect(await readText(root, "twice")).toBe("below");
    expect((await value(root.statAt("twice", true))).type).toBe(4);
    expect((await value(root.statAt("twice", false))).type).toBe(7);
    // `..` goes up from where the link led.
    expect(await told(root.statAt("short/../größe", true))).toBe("ok");
  },

  "symlink: is not followed at the end where that is not asked for": async (root) => {
    await value(root.symlink("hello.txt", "file"));
    await value(root.symlink("deep", "directory"));
    const expected: [path: string, flags: Parameters<typeof options>[0], answer: string][] = [
      ["file", "", "loop"],
      ["file", "write", "loop"],
      ["directory", "", "loop"],
      ["file", "follow", "ok"],
      ["directory", "follow", "ok"],
      ["directory", "follow directory", "ok"],
      ["file", "follow directory", "notdir"],
      ["directory/er", "", "ok"],
      ["directory/", "", "ok"],
    ];
    for (const [path, flags, answer] of expected)
      expect([path, flags, await told(root.open(path, options(flags)))]).toEqual([path, flags, answer]);
  },

  "symlink: one that leads nowhere makes a file where it points, unless that is exclusive": async (root) => {
    await value(root.symlink("deep/made", "link"));
    expect(await told(root.open("link", options("follow")))).toBe("noent");
    expect(await told(root.open("link", options("create exclusive follow")))).toBe("exist");
    expect(await told(root.open("link", options("create")))).toBe("loop");
    expect(await told(root.open("link", options("create follow")))).toBe("ok");
    expect(await told(root.statAt("deep/made", false))).toBe("ok");
  },

  "symlink: none leads out": async (root) => {
    await value(root.symlink("..", "up"));
    await value(root.symlink("../..", "deep/upper"));
    await value(root.symlink("deep/../../x", "around"));
    for (const path of ["up", "up/x", "deep/upper", "deep/upper/x", "around"])
      expect([path, await told(root.open(path, options("follow")))]).toEqual([path, "perm"]);
    const deep = await openDirectory(root, "deep");
    await value(root.symlink("../hello.txt", "deep/out"));
    expect(await told(deep.open("out", options("follow")))).toBe("perm");
    deep.close();
    expect(await readText(root, "deep/out")).toBe("hello, world\n");
  },

  "symlink: a circle ends": async (root) => {
    await value(root.symlink("two", "one"));
    await value(root.symlink("one", "two"));
    await value(root.symlink("self/x", "self"));
    for (const path of ["one", "two/x", "self", "self/y"])
      expect([path, await told(root.statAt(path, true))]).toEqual([path, "loop"]);
    expect(await told(root.statAt("one", false))).toBe("ok");
  },

  "symlink: up to 40 are followed": async (root) => {
    await value(root.symlink("hello.txt", "link1"));
    for (let i = 2; i <= 41; i++) await value(root.symlink(`link${i - 1}`, `link${i}`));
    expect(await told(root.statAt("link40", true))).toBe("ok");
    expect(await told(root.statAt("link41", true))).toBe("loop");
  },

  "symlink: is itself what is renamed, removed and has its times set": async (root) => {
    await value(root.symlink("hello.txt", "link"));
    await value(root.setTimesAt("link", false, { accessedNs: 5_000n, modifiedNs: 5_000n }));
    expect((await value(root.statAt("link", false))).modifiedNs).toBe(5_000n);
    expect((await value(root.statAt("link", true))).modifiedNs).not.toBe(5_000n);
    await value(root.rename("link", root, "moved"));
    expect(await value(root.readLink("moved"))).toBe("hello.txt");
    await writeText(root, "other", "x");
    await value(root.rename("other", root, "moved"));
    expect([await readText(root, "moved"), await readText(root, "hello.txt")]).toEqual([
      "x",
      "hello, world\n",
    ]);
    await value(root.symlink("deep", "directory"));
    expect(await told(root.removeDirectory("directory"))).toBe("notdir");
    await value(root.unlinkFile("directory"));
    expect(await namesIn(root)).toEqual(["deep", "empty", "hello.txt", "moved"]);
  },

  "link: a second name for one file": async (root) => {
    await value(root.link("hello.txt", false, root, "again"));
    const [one, two] = [
      await value(root.statAt("hello.txt", false)),
      await value(root.statAt("again", false)),
    ];
    expect([one.inode === two.inode, one.links, two.links]).toEqual([true, 2n, 2n]);
    await writeText(root, "again", "changed");
    expect(await readText(root, "hello.txt")).toBe("changed");
    await value(root.unlinkFile("hello.txt"));
    expect([await readText(root, "again"), (await value(root.statAt("again", false))).links]).toEqual([
      "changed",
      1n,
    ]);
    // Two names of one file: renaming one over the other does nothing.
    await value(root.link("again", false, root, "third"));
    await value(root.rename("again", root, "third"));
    expect(await namesIn(root)).toEqual(["again", "deep", "empty", "third"]);
  },

  "link: what cannot have one, and where none can be": async (root) => {
    const expected: [from: string, to: string, answer: string][] = [
      ["none", "x", "noent"],
      ["deep", "x", "perm"],
      ["hello.txt", "empty", "exist"],
      ["hello.txt", "deep", "exist"],
      ["hello.txt", "none/x", "noent"],
      ["hello.txt", "x/", "noent"],
      ["hello.txt/", "x", "notdir"],
      ["hello.txt", "../x", "perm"],
      ["../x", "x", "perm"],
    ];
    for (const [from, to, answer] of expected)
      expect([from, to, await told(root.link(from, false, root, to))]).toEqual([from, to, answer]);
    expect((await value(root.statAt("hello.txt", false))).links).toBe(1n);
  },

  "link: of a symbolic link is of itself, or of where it leads where that is asked for": async (root) => {
    await value(root.symlink("hello.txt", "link"));
    await value(root.link("link", false, root, "same"));
    expect(await value(root.readLink("same"))).toBe("hello.txt");
    await value(root.link("link", true, root, "file"));
    const file = await openFile(root, "file");
    expect((await value(file.stat())).inode).toBe((await value(root.statAt("hello.txt", false))).inode);
    file.close();
  },
};
