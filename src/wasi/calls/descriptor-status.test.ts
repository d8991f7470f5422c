import { describe, expect, test } from "bun:test";
import { at, filesFixture, oflag, rootFd, speeds } from "../../../test/support/files-fixture.ts";
import { hostFixture, TestInput, TestOutput } from "../../../test/support/host-fixture.ts";
import { fdFlag } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { emptyRun } from "../host.ts";
import { right } from "../rights.ts";

const untouched = "?".repeat(64);
const [stdin, stdout, stderr] = [0, 1, 2];

describe("what can be asked of a descriptor", () => {
  test("fd_fdstat_get writes 24 bytes: kind, flags and rights", () => {
    const { call, text } = hostFixture();
    expect(call("fd_fdstat_get", stdout, 8)).toBe(errno.success);
    const rights = "\\x48\\x00\\x20\\x08\\x00\\x00\\x00\\x00".replace("\\x48", "H").replace("\\x20", " ");
    expect(text()).toBe(
      `????????\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00${rights}${"\\x00".repeat(8)}${"?".repeat(32)}`,
    );
  });

  test("fd_filestat_get writes 64 bytes of a file without a name, size or time", () => {
    const { call, text } = hostFixture({}, 72);
    expect(call("fd_filestat_get", stdin, 4)).toBe(errno.success);
    expect(text()).toBe(`????${"\\x00".repeat(64)}????`);
  });

  test("rights shrink and never grow", () => {
    const { call } = hostFixture();
    expect(call("fd_fdstat_set_rights", stdin, right.fdRead, 0, 0, 0)).toBe(errno.success);
    const grown = right.fdRead | right.fdFilestatGet;
    expect(call("fd_fdstat_set_rights", stdin, grown, 0, 0, 0)).toBe(errno.notcapable);
    expect(call("fd_fdstat_set_rights", stdin, right.fdRead, 1, 0, 0)).toBe(errno.notcapable);
    expect(call("fd_fdstat_set_rights", stdin, right.fdRead, 0, 1, 0)).toBe(errno.notcapable);
    expect(call("fd_fdstat_set_rights", stdin, right.fdRead, 0, 0, -1)).toBe(errno.notcapable);
    expect(call("fd_filestat_get", stdin, 0)).toBe(errno.notcapable);
    expect(call("fd_fdstat_set_flags", stdin, 0)).toBe(errno.notcapable);
  });

  test("fd_fdstat_set_flags takes append and non-blocking, and shows them", () => {
    const { call, memory } = hostFixture();
    expect(call("fd_fdstat_set_flags", stdout, 5)).toBe(errno.success);
    call("fd_fdstat_get", stdout, 0);
    expect(memory[2]).toBe(5);
    for (const flags of [2, 8, 16, 32, -1])
      expect(call("fd_fdstat_set_flags", stdout, flags)).toBe(errno.inval);
  });

  test("fd_close and fd_renumber move and end descriptors of this run only", () => {
    const output = new TestOutput();
    const { call, host, put } = hostFixture({ stderr: output });
    put(0, 40, 2);
    expect(call("fd_renumber", stderr, stdout)).toBe(errno.success);
    expect([call("fd_write", stdout, 0, 1, 24), output.text]).toEqual([errno.success, "??"]);
    expect([call("fd_write", stderr, 0, 1, 24), call("fd_renumber", stderr, stdout)]).toEqual([
      errno.badf,
      errno.badf,
    ]);
    expect([call("fd_renumber", stdout, 9), call("fd_renumber", stdout, -1)]).toEqual([
      errno.badf,
      errno.badf,
    ]);
    expect([call("fd_renumber", stdout, stdout), call("fd_write", stdout, 0, 1, 24)]).toEqual([0, 0]);
    expect([call("fd_close", stdout), call("fd_close", stdout)]).toEqual([errno.success, errno.badf]);
    host.end();
    host.begin({ ...emptyRun, stdin: new TestInput(), stdout: output, stderr: output });
    expect([call("fd_write", stdout, 0, 1, 24), call("fd_write", stderr, 0, 1, 24)]).toEqual([0, 0]);
  });

  test("after the run every descriptor is closed", () => {
    const { call, host } = hostFixture();
    host.end();
    expect([0, 1, 2, 3].map((fd) => call("fd_close", fd))).toEqual(Array(4).fill(errno.badf));
  });

  for (const [name, size] of [
    ["fd_fdstat_get", 24],
    ["fd_filestat_get", 64],
  ] as const) {
    test(`${name} answers EFAULT where ${size} bytes do not fit`, () => {
      for (const pointer of [65 - size, 64, -1, -size, 2 ** 31]) {
        const { call, text } = hostFixture();
        expect([call(name, stdin, pointer), text()]).toEqual([errno.fault, untouched]);
      }
    });
  }
});

describe("preopened directories", () => {
  test("are told by the length of their name, and by the name", () => {
    const { call, text } = filesFixture({ preopen: { name: "/größe" } });
    expect([call("fd_prestat_get", rootFd, 0), text(0, 9)]).toEqual([
      0,
      "\\x00\\x00\\x00\\x00\\x08\\x00\\x00\\x00?",
    ]);
    expect(call("fd_prestat_dir_name", rootFd, 16, 8)).toBe(errno.success);
    expect(call("fd_prestat_dir_name", rootFd, 32, 100)).toBe(errno.success);
    const name = "/gr\\xc3\\xb6\\xc3\\x9fe";
    expect(text(16, 41)).toBe(`${name}????????${name}?`);
  });

  test("end the search for them at the first descriptor that is none", async () => {
    const { call, open, openDirectory } = filesFixture();
    const others = [1, await open("a", { openFlags: oflag.create }), await openDirectory("."), 77];
    for (const fd of others) {
      expect(call("fd_prestat_get", fd, 0)).toBe(errno.badf);
      expect(call("fd_prestat_dir_name", fd, 0, 99)).toBe(errno.badf);
    }
  });

  test("refuse too little room, and memory that is not there", () => {
    const { call, text } = filesFixture();
    const before = text();
    expect(call("fd_prestat_dir_name", rootFd, 16, 4)).toBe(errno.nametoolong);
    expect(call("fd_prestat_dir_name", rootFd, 16, 0)).toBe(errno.nametoolong);
    expect(call("fd_prestat_dir_name", rootFd, 4092, 5)).toBe(errno.fault);
    expect(call("fd_prestat_get", rootFd, 4089)).toBe(errno.fault);
    expect(text()).toBe(before);
  });

  test("stay open when the guest closes or covers them: they are the run's", async () => {
    const { call, lateness, openDirectory, host } = filesFixture({ speed: "later" });
    const fd = await openDirectory(".");
    expect([call("fd_renumber", fd, rootFd), lateness.closed]).toEqual([0, 0]);
    expect(call("fd_prestat_get", rootFd, 0)).toBe(errno.badf);
    expect([call("fd_close", rootFd), lateness.closed]).toEqual([0, 1]);
    host.end();
    expect([lateness.opened, lateness.closed]).toEqual([1, 1]);
  });
});

describe("descriptors of files", () => {
  test.each(speeds)(
    "fd_renumber closes what it covers and moves the rest, over streams too, %s",
    async (speed) => {
      const { call, open, write, read, lateness } = filesFixture({ speed });
      const [one, two] = [
        await open("one", { openFlags: oflag.create }),
        await open("two", { openFlags: oflag.create }),
      ];
      expect(call("fd_renumber", one, two)).toBe(errno.success);
      expect([await write(two, "abc"), await write(one, "x")]).toEqual([0, errno.badf]);
      expect(call("fd_renumber", two, 1)).toBe(errno.success);
      await write(1, "def");
      expect(await read(await open("one"), 9)).toBe("abcdef");
      expect(call("fd_renumber", 1, 1)).toBe(errno.success);
      expect(await write(1, "")).toBe(errno.success);
      if (speed === "later") expect([lateness.opened, lateness.closed]).toEqual([3, 1]);
    },
  );

  test("fd_fdstat_set_flags keeps the sync flags as the file was opened", async () => {
    const { call, open, memory } = filesFixture();
    const fd = await open("a", { openFlags: oflag.create, flags: fdFlag.sync | fdFlag.rsync });
    expect(call("fd_fdstat_set_flags", fd, fdFlag.append)).toBe(errno.inval);
    const flags = fdFlag.append | fdFlag.nonblock | fdFlag.sync | fdFlag.rsync;
    expect(call("fd_fdstat_set_flags", fd, flags)).toBe(errno.success);
    call("fd_fdstat_get", fd, at.vectors);
    expect(memory[at.vectors + 2]).toBe(flags);
    expect(call("fd_fdstat_set_flags", fd, flags | 32)).toBe(errno.inval);
  });

  test("fd_fdstat_set_rights takes from both kinds of rights", async () => {
    const { call, openDirectory, u64 } = filesFixture();
    const fd = await openDirectory(".");
    expect(call("fd_fdstat_set_rights", fd, right.fdReaddir, 0, right.fdRead, 0)).toBe(errno.success);
    call("fd_fdstat_get", fd, at.vectors);
    expect([u64(at.vectors + 8), u64(at.vectors + 16)]).toEqual([
      BigInt(right.fdReaddir),
      BigInt(right.fdRead),
    ]);
    expect(call("fd_fdstat_set_rights", fd, 0, 0, right.fdRead | right.fdWrite, 0)).toBe(errno.notcapable);
  });

  test("a terminal is a character device, and what is none is unknown", () => {
    const run = { stdin: Object.assign(new TestInput(), { isTerminal: true }), stdout: new TestOutput() };
    const { call, memory } = hostFixture(run, 128);
    const types = [stdin, stdout].map((fd) => {
      call("fd_fdstat_get", fd, 0);
      call("fd_filestat_get", fd, 32);
      return [memory[0], memory[48]];
    });
    expect(types).toEqual([
      [2, 2],
      [0, 0],
    ]);
  });
});
