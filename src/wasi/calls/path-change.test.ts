import { describe, expect, test } from "bun:test";
import {
  at,
  type FilesFixture,
  filesFixture,
  oflag,
  rootFd,
  speeds,
} from "../../../test/support/files-fixture.ts";
import { errno } from "../errno.ts";
import { createScratch } from "../files/tree/index.ts";
import { directoryRights, right } from "../rights.ts";

type Change = readonly [name: string, ...paths: string[]];

/** The arguments of each call, its descriptors all the same. */
function argumentsOf({ path }: FilesFixture, [name, one, two]: Change, fd: number, toFd = fd): number[] {
  const first = path(one!);
  if (two === undefined) return [fd, ...first];
  const second = path(two, at.otherPath);
  if (name === "path_symlink") return [...first, fd, ...second];
  return name === "path_link" ? [fd, 0, ...first, toFd, ...second] : [fd, ...first, toFd, ...second];
}

const namesIn = ({ root }: FilesFixture): string[] => {
  const entries = root.entries();
  return Array.isArray(entries) ? entries.map(({ name }) => name).sort() : [];
};

/** Calls that succeed one behind the other, and the names that are there behind each. */
const story: [change: Change, names: string][] = [
  [["path_create_directory", "dir"], "dir file"],
  [["path_link", "file", "dir/same"], "dir file"],
  [["path_symlink", "file", "link"], "dir file link"],
  [["path_rename", "dir/same", "moved"], "dir file link moved"],
  [["path_unlink_file", "file"], "dir link moved"],
  [["path_rename", "moved", "dir/file"], "dir link"],
  [["path_unlink_file", "dir/file"], "dir link"],
  [["path_unlink_file", "link"], "dir"],
  [["path_remove_directory", "dir"], ""],
];

const rightsOf: Readonly<Record<string, readonly number[]>> = {
  path_create_directory: [right.pathCreateDirectory],
  path_remove_directory: [right.pathRemoveDirectory],
  path_unlink_file: [right.pathUnlinkFile],
  path_symlink: [right.pathSymlink],
  path_rename: [right.pathRenameSource, right.pathRenameTarget],
  path_link: [right.pathLinkSource, right.pathLinkTarget],
};

describe("calls that change names", () => {
  test.each(speeds)("make, link, move and remove, and write nothing to the guest, %s", async (speed) => {
    const fixture = filesFixture({ speed });
    await fixture.open("file", { openFlags: oflag.create });
    for (const [change, names] of story) {
      const args = argumentsOf(fixture, change, rootFd);
      const before = fixture.text();
      expect([change, await fixture.callWaiting(change[0], ...args)]).toEqual([change, 0]);
      expect([change, namesIn(fixture).join(" "), fixture.text()]).toEqual([change, names, before]);
    }
  });

  test.each(speeds)("need their rights, on either descriptor, %s", async (speed) => {
    const fixture = filesFixture({ speed });
    await fixture.open("file", { openFlags: oflag.create });
    for (const [change, names] of story) {
      for (const [index, missing] of rightsOf[change[0]]!.entries()) {
        const poor = await fixture.openDirectory(".", { rights: directoryRights & ~missing });
        const args = argumentsOf(fixture, change, index === 0 ? poor : rootFd, index === 1 ? poor : rootFd);
        expect([change, await fixture.callWaiting(change[0], ...args)]).toEqual([change, errno.notcapable]);
      }
      const able = rightsOf[change[0]]!.reduce((sum, each) => sum | each, 0);
      const fd = await fixture.openDirectory(".", { rights: able });
      expect(await fixture.callWaiting(change[0], ...argumentsOf(fixture, change, fd))).toBe(0);
      expect(namesIn(fixture).join(" ")).toBe(names);
    }
  });

  test("answer EROFS below a read-only preopen, and ENOTDIR on what is no directory", async () => {
    const fixture = filesFixture({ preopen: { readOnly: true } });
    fixture.root.createDirectory("dir");
    fixture.root.symlink("dir", "file");
    const inner = await fixture.openDirectory("dir");
    for (const [change] of story) {
      for (const [fd, answer] of [
        [rootFd, errno.rofs],
        [inner, errno.rofs],
        [1, errno.notdir],
        [88, errno.badf],
      ] as const)
        expect([change, fixture.call(change[0], ...argumentsOf(fixture, change, fd))]).toEqual([
          change,
          answer,
        ]);
    }
    expect(namesIn(fixture)).toEqual(["dir", "file"]);
  });

  test("tell what the directory answers", async () => {
    const fixture = filesFixture();
    await fixture.open("file", { openFlags: oflag.create });
    fixture.root.createDirectory("dir");
    fixture.root.createDirectory("dir/inner");
    const refused: [change: Change, answer: keyof typeof errno][] = [
      [["path_create_directory", "file"], "exist"],
      [["path_create_directory", "none/x"], "noent"],
      [["path_remove_directory", "dir"], "notempty"],
      [["path_remove_directory", "file"], "notdir"],
      [["path_unlink_file", "dir"], "isdir"],
      [["path_unlink_file", "none"], "noent"],
      [["path_rename", "dir", "dir/inner/x"], "inval"],
      [["path_rename", "file", "dir"], "isdir"],
      [["path_link", "dir", "x"], "perm"],
      [["path_link", "file", "dir"], "exist"],
      [["path_symlink", "/file", "x"], "perm"],
      [["path_symlink", "x", "file"], "exist"],
      [["path_create_directory", "../x"], "perm"],
    ];
    for (const [change, answer] of refused)
      expect([change, fixture.call(change[0], ...argumentsOf(fixture, change, rootFd))]).toEqual([
        change,
        errno[answer],
      ]);
    expect(namesIn(fixture)).toEqual(["dir", "file"]);
  });

  test("between two preopens of different trees answer EXDEV", () => {
    const trees = [createScratch(99_999), createScratch(99_999)];
    const preopens = trees.map((directory, index) => ({ name: `/${index}`, directory, readOnly: false }));
    const fixture = filesFixture({ run: { preopens: () => preopens } });
    trees[0]!.createDirectory("dir");
    trees[0]!.symlink("dir", "link");
    expect(fixture.call("path_rename", ...argumentsOf(fixture, ["path_rename", "dir", "x"], 3, 4))).toBe(
      errno.xdev,
    );
    expect(fixture.call("path_link", ...argumentsOf(fixture, ["path_link", "link", "x"], 3, 4))).toBe(
      errno.xdev,
    );
    expect(trees[1]!.entries()).toEqual([]);
  });
});
