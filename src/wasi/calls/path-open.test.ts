import { describe, expect, test } from "bun:test";
import {
  at,
  filesFixture,
  type OpenMore,
  oflag,
  rootFd,
  speeds,
} from "../../../test/support/files-fixture.ts";
import { fdFlag } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { limits } from "../limits.ts";
import { directoryRights, fileRights, right } from "../rights.ts";

describe("path_open", () => {
  test.each(speeds)("answers the lowest free descriptor, in 4 bytes, %s", async (speed) => {
    const { open, call, text } = filesFixture({ speed });
    expect([await open("a", { openFlags: oflag.create }), await open("a"), await open("a")]).toEqual([
      4, 5, 6,
    ]);
    expect(text(at.result - 1, at.result + 5)).toBe("?\\x06\\x00\\x00\\x00?");
    expect([call("fd_close", 4), call("fd_close", 1)]).toEqual([0, 0]);
    expect([await open("a"), await open("a"), await open("a")]).toEqual([1, 4, 7]);
  });

  test.each(speeds)(
    "opens through a directory that it opened, which is a bound of its own, %s",
    async (speed) => {
      const { root, open, openDirectory } = filesFixture({ speed });
      root.createDirectory("deep");
      const fd = await openDirectory("deep");
      expect(await open("file", { fd, openFlags: oflag.create })).toBe(5);
      expect(await open("deep/file")).toBe(6);
      expect(await open("../deep/file", { fd })).toBe(-errno.perm);
    },
  );

  test("gives the rights that are asked for, without those that mean nothing on what is opened", async () => {
    const { open, call, u64, u32 } = filesFixture();
    const all = 0x3fff_ffff;
    const told = async (
      path: string,
      more: OpenMore,
    ): Promise<[type: number, flags: number, ...rights: bigint[]]> => {
      const fd = await open(path, more);
      call("fd_fdstat_get", fd, at.vectors);
      const head = u32(at.vectors);
      return [head & 0xff, head >>> 16, u64(at.vectors + 8), u64(at.vectors + 16)];
    };
    const flags = fdFlag.append | fdFlag.sync;
    expect(await told("a", { openFlags: oflag.create, rights: all, flags })).toEqual([
      4,
      flags,
      BigInt(fileRights),
      BigInt(all),
    ]);
    const reading = { rights: right.fdRead | right.fdReaddir | right.pathOpen, inheriting: right.fdRead };
    expect(await told("a", reading)).toEqual([4, 0, BigInt(right.fdRead), BigInt(right.fdRead)]);
    const listing = BigInt(right.fdReaddir | right.pathOpen);
    expect(await told(".", reading)).toEqual([3, 0, listing, BigInt(right.fdRead)]);
    // Bits without a meaning are none that a directory could keep back.
    expect(await open("a", { rights: -1, inheriting: -1 })).toBeGreaterThan(3);
  });

  test("hands on no more rights than its directory may", async () => {
    const { root, open, openDirectory, call } = filesFixture();
    root.createDirectory("deep");
    const inheriting = right.fdRead | right.fdSeek;
    const fd = await openDirectory("deep", { inheriting });
    expect(await open("new", { fd, openFlags: oflag.create, rights: inheriting, inheriting })).toBe(5);
    expect(await open("new", { fd, rights: right.fdWrite, inheriting: 0 })).toBe(-errno.notcapable);
    expect(await open("new", { fd, rights: 0, inheriting: right.fdWrite })).toBe(-errno.notcapable);
    expect(call("fd_fdstat_set_rights", fd, directoryRights & ~right.pathCreateFile, 0, 0, 0)).toBe(0);
    expect(await open("other", { fd, openFlags: oflag.create, rights: 0, inheriting: 0 })).toBe(
      -errno.notcapable,
    );
    expect(call("fd_fdstat_set_rights", fd, right.pathOpen, 0, 0, 0)).toBe(0);
    expect(await open("new", { fd, openFlags: oflag.truncate, rights: 0, inheriting: 0 })).toBe(
      -errno.notcapable,
    );
    expect(call("fd_fdstat_set_rights", fd, 0, 0, 0, 0)).toBe(0);
    expect(await open("new", { fd, rights: 0, inheriting: 0 })).toBe(-errno.notcapable);
  });

  const refused: [what: string, path: string, more: OpenMore, answer: keyof typeof errno][] = [
    ["unknown lookup flags", "a", { lookup: 2 }, "inval"],
    ["unknown open flags", "a", { openFlags: 16 }, "inval"],
    ["unknown descriptor flags", "a", { flags: 32 }, "inval"],
    ["to create a directory", "new", { openFlags: oflag.create | oflag.directory }, "inval"],
    ["an empty path", "", {}, "noent"],
    ["a NUL", "a\0b", {}, "inval"],
    ["what is not there", "none", {}, "noent"],
    ["a file as a directory", "a", { openFlags: oflag.directory }, "notdir"],
    ["a file with a slash", "a/", {}, "notdir"],
    ["a directory for writing", "deep", {}, "isdir"],
    ["what is there, exclusively", "a", { openFlags: oflag.create | oflag.exclusive }, "exist"],
    ["a link that it does not follow", "link", { lookup: 0 }, "loop"],
    ["an absolute path", "/a", {}, "perm"],
    ["a path that leads out", "deep/../../a", {}, "perm"],
    ["to open through a file", "a", { fd: 4 }, "notdir"],
    ["to open through a stream", "a", { fd: 0 }, "notdir"],
    ["to open through nothing", "a", { fd: 77 }, "badf"],
  ];
  for (const [what, path, more, answer] of refused) {
    test.each(speeds)(`refuses ${what}: ${answer}, %s`, async (speed) => {
      const { root, open, host, text } = filesFixture({ speed });
      await open("a", { openFlags: oflag.create });
      root.createDirectory("deep");
      root.symlink("a", "link");
      const before = text(at.result);
      expect([await open(path, more), text(at.result)]).toEqual([-errno[answer], before]);
      expect(host.descriptors.filter((each) => each?.kind === "file").length).toBeLessThan(3);
    });
  }

  test("refuses a result that is outside, and opens nothing for it", async () => {
    const { root, call, path } = filesFixture();
    const [pointer, length] = path("new");
    const args = [rootFd, 1, pointer, length, oflag.create, 0, 0, 0, 0, 0];
    expect(call("path_open", ...args, 4093)).toBe(errno.fault);
    expect(call("path_open", rootFd, 1, 4090, 10, oflag.create, 0, 0, 0, 0, 0, at.result)).toBe(errno.fault);
    expect(root.entries()).toEqual([]);
  });

  test("below a read-only preopen it opens for reading, and EROFS is all that a change gets", async () => {
    const { root, open, openDirectory } = filesFixture({ preopen: { readOnly: true } });
    root.createDirectory("deep");
    const reads = fileRights & ~right.fdWrite;
    for (const fd of [rootFd, await openDirectory("deep")]) {
      expect(await open("new", { fd, openFlags: oflag.create, rights: reads })).toBe(-errno.rofs);
      expect(await open("new", { fd, openFlags: oflag.truncate, rights: reads })).toBe(-errno.rofs);
      expect(await open("new", { fd, rights: right.fdWrite })).toBe(-errno.rofs);
      expect(await open("new", { fd, rights: reads })).toBe(-errno.noent);
    }
  });

  test("EMFILE when the guest has all that it may, and nothing is made", async () => {
    const { root, open, call } = filesFixture();
    await open("a", { openFlags: oflag.create });
    for (let fd = 5; fd < limits.descriptorsMax; fd++) expect(await open("a")).toBe(fd);
    expect(await open("b", { openFlags: oflag.create })).toBe(-errno.mfile);
    expect(root.statAt("b", false)).toHaveProperty("errno", errno.noent);
    call("fd_close", 500);
    expect(await open("b", { openFlags: oflag.create })).toBe(500);
  });
});
