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
import { directoryRights, fileRights, right } from "../rights.ts";

/** Size, access, modification and change of the stat at `at.result`. */
const statOf = ({ u64 }: FilesFixture): bigint[] => [32, 40, 48, 56].map((offset) => u64(at.result + offset));

describe("fd_filestat_get", () => {
  test.each(speeds)("writes 64 bytes of a file, %s", async (speed) => {
    const fixture = filesFixture({ speed });
    const { open, write, callWaiting, memory, text, u64 } = fixture;
    const fd = await open("new", { openFlags: oflag.create });
    await write(fd, "abc");
    memory.fill(0x3f, at.result - 8, at.result + 72);
    expect(await callWaiting("fd_filestat_get", fd, at.result)).toBe(errno.success);
    expect([memory[at.result + 16], u64(at.result + 24), u64(at.result + 32)]).toEqual([4, 1n, 3n]);
    expect([text(at.result - 8, at.result), text(at.result + 64, at.result + 72)]).toEqual([
      "????????",
      "????????",
    ]);
    const inode = u64(at.result + 8);
    expect(await callWaiting("fd_filestat_get", rootFd, at.result)).toBe(errno.success);
    expect([memory[at.result + 16], u64(at.result + 8) === inode]).toEqual([3, false]);
  });
});

describe("fd_filestat_set_size and fd_allocate", () => {
  test.each(speeds)("cut and lengthen, %s", async (speed) => {
    const fixture = filesFixture({ speed });
    const { open, write, read, callWaiting } = fixture;
    const fd = await open("new", { openFlags: oflag.create });
    await write(fd, "abcdef");
    const seen: (string | number)[] = [];
    const steps: [name: string, ...args: number[]][] = [
      ["fd_filestat_set_size", 2, 0],
      ["fd_filestat_set_size", 4, 0],
      ["fd_allocate", 0, 0, 2, 0],
      ["fd_allocate", 3, 0, 3, 0],
    ];
    for (const [name, ...args] of steps) {
      expect([name, await callWaiting(name, fd, ...args)]).toEqual([name, 0]);
      seen.push(await read(await open("new"), 20));
    }
    expect(seen).toEqual(["ab", "ab\0\0", "ab\0\0", "ab\0\0\0\0"]);
  });

  const refused: [name: string, args: number[], answer: keyof typeof errno][] = [
    ["fd_filestat_set_size", [0, 0x20_0000], "fbig"],
    ["fd_filestat_set_size", [-1, -1], "fbig"],
    ["fd_filestat_set_size", [0, 1], "nospc"],
    ["fd_allocate", [0, 0, 0, 0], "inval"],
    ["fd_allocate", [0, 0x1f_ffff, 0, 1], "fbig"],
    ["fd_allocate", [0, 0, 0, 1], "nospc"],
  ];
  test.each(refused)("%s refuses %p: %s", async (name, args, answer) => {
    const { open, call, write, read } = filesFixture();
    const fd = await open("new", { openFlags: oflag.create });
    await write(fd, "abc");
    expect(call(name, fd, ...args)).toBe(errno[answer]);
    expect(await read(await open("new"), 9)).toBe("abc");
  });
});

describe("fd_filestat_set_times", () => {
  const [accessed, accessedNow, modified, modifiedNow] = [1, 2, 4, 8];

  test.each(speeds)("sets what its flags say, and leaves the rest, %s", async (speed) => {
    const fixture = filesFixture({ speed });
    const { open, callWaiting } = fixture;
    const fd = await open("new", { openFlags: oflag.create });
    const timesAfter = async (flags: number): Promise<bigint[]> => {
      // 2^32 + 5 and 7 nanoseconds.
      expect(await callWaiting("fd_filestat_set_times", fd, 5, 1, 7, 0, flags)).toBe(errno.success);
      await callWaiting("fd_filestat_get", fd, at.result);
      return statOf(fixture).slice(1, 3);
    };
    expect(await timesAfter(accessed | modified)).toEqual([4_294_967_301n, 7n]);
    const recent = (time: bigint | undefined): boolean => Number(time) / 1e6 > Date.now() - 60_000;
    expect((await timesAfter(accessedNow)).map(recent)).toEqual([true, false]);
    expect((await timesAfter(modifiedNow | accessed)).map(recent)).toEqual([false, true]);
    expect((await timesAfter(0)).map(recent)).toEqual([false, true]);
    expect(await callWaiting("fd_filestat_set_times", rootFd, 5, 1, 7, 0, accessed | modified)).toBe(0);
    await callWaiting("fd_filestat_get", rootFd, at.result);
    expect(statOf(fixture).slice(1, 3)).toEqual([4_294_967_301n, 7n]);
  });

  test.each([3, 12, 15, 16, -1])("refuses the flags %p: EINVAL", async (flags) => {
    const { open, call } = filesFixture();
    const fd = await open("new", { openFlags: oflag.create });
    expect(call("fd_filestat_set_times", fd, 0, 0, 0, 0, flags)).toBe(errno.inval);
  });
});

test.each(speeds)("fd_sync and fd_datasync answer for files and directories, %s", async (speed) => {
  const { open, callWaiting } = filesFixture({ speed });
  const fd = await open("new", { openFlags: oflag.create });
  for (const each of [fd, rootFd])
    expect([await callWaiting("fd_sync", each), await callWaiting("fd_datasync", each)]).toEqual([0, 0]);
});

test("fd_advise takes the six hints of the ABI", async () => {
  const { open, call } = filesFixture();
  const fd = await open("new", { openFlags: oflag.create });
  const answers = [0, 5, 6, -1].map((advice) => call("fd_advise", fd, 0, 0, 0, 0, advice));
  expect(answers).toEqual([0, 0, errno.inval, errno.inval]);
});

describe("each of them", () => {
  const calls: [name: string, right: number, onDirectory: keyof typeof errno, ...args: number[]][] = [
    ["fd_filestat_get", right.fdFilestatGet, "success", at.result],
    ["fd_filestat_set_size", right.fdFilestatSetSize, "isdir", 1, 0],
    ["fd_filestat_set_times", right.fdFilestatSetTimes, "success", 0, 0, 0, 0, 0],
    ["fd_allocate", right.fdAllocate, "isdir", 0, 0, 1, 0],
    ["fd_advise", right.fdAdvise, "isdir", 0, 0, 0, 0, 0],
    ["fd_sync", right.fdSync, "success"],
    ["fd_datasync", right.fdDatasync, "success"],
  ];
  test.each(calls)("%s needs its right", async (name, needed, onDirectory, ...args) => {
    const { open, openDirectory, call } = filesFixture();
    const file = (rights: number): Promise<number> => open("new", { openFlags: oflag.create, rights });
    const directory = (rights: number): Promise<number> => openDirectory(".", { rights });
    expect(call(name, await file(needed), ...args)).toBe(errno.success);
    expect(call(name, await file(fileRights & ~needed), ...args)).toBe(errno.notcapable);
    expect(call(name, await directory(directoryRights), ...args)).toBe(errno[onDirectory]);
    if (onDirectory === "success")
      expect(call(name, await directory(directoryRights & ~needed), ...args)).toBe(errno.notcapable);
  });

  test("answers EROFS below a read-only preopen where it would change something", async () => {
    const { open, root, call } = filesFixture({ preopen: { readOnly: true } });
    root.open("file", { ...openOptions, create: true });
    const fd = await open("file", { rights: fileRights & ~right.fdWrite });
    const told = calls.map(([name, , , ...args]) => [name, call(name, fd, ...args)]);
    const changing = ["fd_filestat_set_size", "fd_filestat_set_times", "fd_allocate"];
    expect(told).toEqual(calls.map(([name]) => [name, changing.includes(name) ? errno.rofs : errno.success]));
  });
});

const openOptions = {
  follow: false,
  create: false,
  exclusive: false,
  truncate: false,
  directory: false,
  read: true,
  write: false,
  sync: "none",
} as const;
