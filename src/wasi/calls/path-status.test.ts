import { describe, expect, test } from "bun:test";
import { at, filesFixture, oflag, rootFd, speeds } from "../../../test/support/files-fixture.ts";
import { errno } from "../errno.ts";
import { directoryRights, right } from "../rights.ts";

describe("path_filestat_get", () => {
  test.each(speeds)("writes 64 bytes of what is there, behind a link or not, %s", async (speed) => {
    const { open, write, root, callWaiting, path, memory, u64, text } = filesFixture({ speed });
    await write(await open("file", { openFlags: oflag.create }), "abc");
    root.symlink("file", "link");
    const told = async (name: string, lookup: number): Promise<(number | bigint)[]> => {
      memory.fill(0x3f, at.data, at.data + 100);
      const result = await callWaiting("path_filestat_get", rootFd, lookup, ...path(name), at.data);
      expect(text(at.data + 64, at.data + 100)).toBe("?".repeat(36));
      return result === 0 ? [memory[at.data + 16]!, u64(at.data + 32)] : [result];
    };
    expect(await told("file", 0)).toEqual([4, 3n]);
    expect(await told("link", 1)).toEqual([4, 3n]);
    expect(await told("link", 0)).toEqual([7, 4n]);
    expect(await told(".", 0)).toEqual([3, 0n]);
    expect([await told("none", 0), await told("file", 2)]).toEqual([[errno.noent], [errno.inval]]);
  });
});

describe("path_filestat_set_times", () => {
  test.each(speeds)("sets the times of a link or of what is behind it, %s", async (speed) => {
    const { open, root, callWaiting, path, u64 } = filesFixture({ speed });
    await open("file", { openFlags: oflag.create });
    root.symlink("file", "link");
    const set = (name: string, lookup: number, time: number, flags: number): Promise<number> =>
      callWaiting("path_filestat_set_times", rootFd, lookup, ...path(name), time, 0, time + 1, 0, flags);
    expect([await set("link", 1, 100, 5), await set("link", 0, 200, 5)]).toEqual([0, 0]);
    const times = await Promise.resolve(["file", "link"]).then(async (names) => {
      const seen: bigint[] = [];
      for (const name of names) {
        await callWaiting("path_filestat_get", rootFd, 0, ...path(name), at.data);
        seen.push(u64(at.data + 40), u64(at.data + 48));
      }
      return seen;
    });
    expect(times).toEqual([100n, 101n, 200n, 201n]);
    expect([await set("link", 0, 1, 3), await set("link", 2, 1, 1), await set("none", 0, 1, 1)]).toEqual([
      errno.inval,
      errno.inval,
      errno.noent,
    ]);
  });
});

describe("path_readlink", () => {
  test.each(speeds)("writes the target, cut to the buffer, without a NUL, %s", async (speed) => {
    const { open, root, callWaiting, path, memory, text, u32 } = filesFixture({ speed });
    root.symlink("größe/x", "link");
    await open("file", { openFlags: oflag.create });
    const read = async (name: string, size: number): Promise<[string, number]> => {
      memory.fill(0x3f, at.data, at.data + 12);
      const result = await callWaiting("path_readlink", rootFd, ...path(name), at.data, size, at.result);
      return [text(at.data, at.data + 12), result === 0 ? u32(at.result) : -result];
    };
    expect(await read("link", 20)).toEqual(["gr\\xc3\\xb6\\xc3\\x9fe/x???", 9]);
    expect(await read("link", 9)).toEqual(["gr\\xc3\\xb6\\xc3\\x9fe/x???", 9]);
    expect(await read("link", 3)).toEqual(["gr\\xc3?????????", 3]);
    expect(await read("link", 0)).toEqual(["?".repeat(12), 0]);
    expect(await read("file", 20)).toEqual(["?".repeat(12), -errno.inval]);
    expect(await read("none", 20)).toEqual(["?".repeat(12), -errno.noent]);
  });
});

describe("each of them", () => {
  const calls: [name: string, right: number, before: number[], after: number[]][] = [
    ["path_filestat_get", right.pathFilestatGet, [0], [at.data]],
    ["path_filestat_set_times", right.pathFilestatSetTimes, [0], [0, 0, 0, 0, 0]],
    ["path_readlink", right.pathReadlink, [], [at.data, 8, at.result]],
  ];
  test.each(calls)("%s needs its right, and a directory", async (name, needed, before, after) => {
    const { open, openDirectory, root, call, path } = filesFixture();
    root.symlink("none", "link");
    const on = (fd: number): number => call(name, fd, ...before, ...path("link"), ...after);
    expect(on(rootFd)).toBe(errno.success);
    expect(on(await openDirectory(".", { rights: directoryRights & ~needed }))).toBe(errno.notcapable);
    expect(on(await open("file", { openFlags: oflag.create }))).toBe(errno.notdir);
  });

  test("answers EFAULT where there is no room for what it writes", () => {
    const { root, call, path } = filesFixture();
    root.symlink("none", "link");
    expect(call("path_filestat_get", rootFd, 0, ...path("link"), 4033)).toBe(errno.fault);
    expect(call("path_readlink", rootFd, ...path("link"), 4092, 8, at.result)).toBe(errno.fault);
    expect(call("path_readlink", rootFd, ...path("link"), at.data, 8, 4093)).toBe(errno.fault);
  });
});
