import { describe, expect, test } from "bun:test";
import { hostFixture, TestInput, TestOutput } from "../../../test/support/host-fixture.ts";
import { preview1 } from "../abi.ts";
import { errno } from "../errno.ts";
import { emptyRun } from "../host.ts";
import { right } from "../rights.ts";
import { closed, type Input, wouldBlock } from "../stream.ts";

const untouched = "?".repeat(64);
const [stdin, stdout, stderr] = [0, 1, 2];

describe("fd_read", () => {
  test("fills the buffers in order and nothing beyond what was there", async () => {
    const { call, put, text } = hostFixture({ stdin: new TestInput().push("hello") });
    put(0, 24, 3, 40, 9);
    expect(call("fd_read", stdin, 0, 2, 16)).toBe(errno.success);
    expect(text(16)).toBe(`\\x05\\x00\\x00\\x00????hel${"?".repeat(13)}lo${"?".repeat(22)}`);
  });

  test("answers what is there without waiting for more", () => {
    const { call, put, text } = hostFixture({ stdin: new TestInput().push("ab") });
    put(0, 24, 2, 32, 2);
    expect([call("fd_read", stdin, 0, 2, 16), text(16, 20)]).toEqual([errno.success, "\\x02\\x00\\x00\\x00"]);
  });

  test("waits for the first byte, and stands still until there is one", async () => {
    const input = new TestInput();
    const { callWaiting, put, text } = hostFixture({ stdin: input });
    put(0, 24, 8);
    const before = text(8);
    const read = callWaiting("fd_read", stdin, 0, 1, 16);
    await Bun.sleep(1);
    expect(text(8)).toBe(before);
    input.push("late");
    expect(await read).toBe(errno.success);
    expect(text(16, 32)).toBe("\\x04\\x00\\x00\\x00????late????");
  });

  test("answers no bytes at the end, and for no room", () => {
    const { call, put, text } = hostFixture({ stdin: new TestInput().end() });
    put(0, 24, 8);
    expect([call("fd_read", stdin, 0, 1, 16), text(16, 32)]).toEqual([
      errno.success,
      "\\x00\\x00\\x00\\x00????????????",
    ]);
    const waiting = hostFixture({ stdin: new TestInput() });
    waiting.put(0, 24, 0);
    expect(waiting.call("fd_read", stdin, 0, 1, 16)).toBe(errno.success);
    expect(waiting.call("fd_read", stdin, 0, 0, 16)).toBe(errno.success);
  });

  test("answers what the input failed with, EIO where it does not say, and first what was there before", () => {
    const failing = (reads: number[], failure?: number): Input => ({
      ...emptyRun.stdin,
      read: () => reads.shift() ?? closed,
      failure,
    });
    const answers: [input: Input, answer: number][] = [
      [failing([]), errno.io],
      [failing([], errno.isdir), errno.isdir],
      [failing([4]), errno.success],
    ];
    for (const [input, answer] of answers) {
      const { call, put } = hostFixture({ stdin: input });
      put(0, 40, 4, 44, 4);
      expect(call("fd_read", stdin, 0, 2, 24)).toBe(answer);
    }
  });

  test("answers EAGAIN instead of waiting once the descriptor is non-blocking", () => {
    const { call, put, text } = hostFixture({ stdin: new TestInput() });
    put(0, 24, 8);
    expect(call("fd_fdstat_set_flags", stdin, 4)).toBe(errno.success);
    expect([call("fd_read", stdin, 0, 1, 16), text(16)]).toEqual([errno.again, "?".repeat(48)]);
  });

  test("stays inside the memory when the bytes it reads replace its own list of buffers", () => {
    // The first buffer is the entry of the second, which then points elsewhere and claims 4 GiB.
    const input = new TestInput().push(
      Uint8Array.of(0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3),
    );
    const { call, put } = hostFixture({ stdin: input });
    put(0, 8, 8, 40, 4);
    expect(call("fd_read", stdin, 0, 2, 16)).toBe(errno.success);
  });
});

describe("fd_write", () => {
  test("hands over all buffers in order and writes the count only", () => {
    const output = new TestOutput();
    const { call, memory, put, text } = hostFixture({ stdout: output });
    memory.set(Buffer.from("world, hello"), 40);
    put(0, 47, 5, 45, 2, 40, 5);
    expect(call("fd_write", stdout, 0, 3, 24)).toBe(errno.success);
    expect([output.text, text(24, 32)]).toEqual(["hello, world", "\\x0c\\x00\\x00\\x00????"]);
  });

  test("goes on where it stopped each time that it had to wait, and counts all of it", async () => {
    const output = new TestOutput(2);
    const { callWaiting, host, memory, put, text } = hostFixture({ stdout: output });
    memory.set(Buffer.from("abcdefgh"), 40);
    put(0, 40, 3, 60, 0, 43, 5);
    const written = callWaiting("fd_write", stdout, 0, 3, 24);
    const seen: string[] = [];
    for (const room of [1, 1, 3, 1]) {
      await Bun.sleep(1);
      seen.push(output.text);
      output.give(room);
    }
    expect(await written).toBe(errno.success);
    expect(seen).toEqual(["ab", "abc", "abcd", "abcdefg"]);
    expect([output.text, text(24, 28), host.pendingBytes]).toEqual(["abcdefgh", "\\x08\\x00\\x00\\x00", 0]);
  });

  test("the write after one that waited begins at its own first byte", async () => {
    const output = new TestOutput(1);
    const { callWaiting, memory, put } = hostFixture({ stdout: output });
    memory.set(Buffer.from("abXY"), 40);
    put(0, 40, 2);
    const first = callWaiting("fd_write", stdout, 0, 1, 24);
    await Bun.sleep(1);
    output.give(9);
    await first;
    put(0, 42, 2);
    await callWaiting("fd_write", stdout, 0, 1, 24);
    expect(output.text).toBe("abXY");
  });

  test("answers EPIPE when nobody reads any more, also in the middle of a wait", async () => {
    const output = new TestOutput(1);
    const { callWaiting, host, put } = hostFixture({ stdout: output });
    put(0, 40, 4);
    const written = callWaiting("fd_write", stdout, 0, 1, 24);
    await Bun.sleep(1);
    output.close();
    expect(await written).toBe(errno.pipe);
    expect([await callWaiting("fd_write", stdout, 0, 1, 24), host.pendingBytes]).toEqual([errno.pipe, 0]);
  });

  test("non-blocking, it answers a short count, and EAGAIN when nothing went out", () => {
    const { call, put, text } = hostFixture({ stdout: new TestOutput(3) });
    call("fd_fdstat_set_flags", stdout, 4);
    put(0, 40, 5);
    expect([call("fd_write", stdout, 0, 1, 24), text(24, 28)]).toEqual([
      errno.success,
      "\\x03\\x00\\x00\\x00",
    ]);
    expect(call("fd_write", stdout, 0, 1, 24)).toBe(errno.again);
  });

  test("waits on a non-blocking descriptor too where the output says so", async () => {
    const output = Object.assign(new TestOutput(3), { alwaysWaits: true });
    const { call, callWaiting, put } = hostFixture({ stdout: output });
    call("fd_fdstat_set_flags", stdout, 4);
    put(0, 40, 5);
    const written = callWaiting("fd_write", stdout, 0, 1, 24);
    output.give(2);
    expect([await written, output.text]).toEqual([errno.success, "?????"]);
  });

  test("answers what the output failed with", () => {
    const { call, put } = hostFixture({
      stdout: { ...emptyRun.stdout, write: () => closed, failure: errno.nospc },
    });
    put(0, 40, 4);
    expect(call("fd_write", stdout, 0, 1, 24)).toBe(errno.nospc);
  });

  test("stderr is an output of its own", () => {
    const [out, err] = [new TestOutput(), new TestOutput()];
    const { call, put } = hostFixture({ stdout: out, stderr: err });
    put(0, 40, 2);
    call("fd_write", stderr, 0, 1, 24);
    expect([out.text, err.text]).toEqual(["", "??"]);
  });
});

describe("fd_read and fd_write", () => {
  const refused: [name: string, put: number[], args: number[], answer: keyof typeof errno][] = [
    ["an unknown descriptor", [40, 4], [9, 0, 1, 24], "badf"],
    ["descriptor -1", [40, 4], [-1, 0, 1, 24], "badf"],
    ["a list of buffers that leaves the memory", [40, 4], [0, 60, 1, 24], "fault"],
    ["a list of buffers at -8", [40, 4], [0, -8, 1, 24], "fault"],
    ["a buffer that leaves the memory", [60, 5], [0, 0, 1, 24], "fault"],
    ["a buffer that wraps around", [0xffff_fff0, 0x20], [0, 0, 1, 24], "fault"],
    ["a buffer of 4 GiB", [0, 0xffff_ffff], [0, 0, 1, 24], "fault"],
    ["a second buffer that leaves the memory", [40, 4, 65, 0], [0, 0, 2, 24], "fault"],
    ["a count that leaves the memory", [40, 4], [0, 0, 1, 61], "fault"],
    ["more buffers than 1024", [40, 4], [0, 0, 1025, 24], "inval"],
    ["-1 buffers", [40, 4], [0, 0, -1, 24], "inval"],
  ];
  for (const [what, values, args, answer] of refused) {
    test(`refuse ${what}: ${answer}, and no byte moves`, () => {
      const [input, output] = [new TestInput().push("data"), new TestOutput()];
      const { call, put, text } = hostFixture({ stdin: input, stdout: output });
      put(0, ...values);
      const before = text();
      const [fd, ...rest] = args as [number, ...number[]];
      expect(call("fd_read", fd, ...rest)).toBe(errno[answer]);
      expect(call("fd_write", fd === stdin ? stdout : fd, ...rest)).toBe(errno[answer]);
      expect([text(), input.available(), output.text]).toEqual([before, 4, ""]);
    });
  }

  test("ENOTCAPABLE for the wrong end, and for a right that was given away", () => {
    const { call, put } = hostFixture({ stdin: new TestInput().push("x") });
    put(0, 40, 4);
    expect([call("fd_read", stdout, 0, 1, 24), call("fd_write", stdin, 0, 1, 24)]).toEqual([
      errno.notcapable,
      errno.notcapable,
    ]);
    expect(call("fd_fdstat_set_rights", stdin, 0, 0, 0, 0)).toBe(errno.success);
    expect(call("fd_read", stdin, 0, 1, 24)).toBe(errno.notcapable);
    expect(call("fd_fdstat_set_rights", stdout, 0, 0, 0, 0)).toBe(errno.success);
    expect(call("fd_write", stdout, 0, 1, 24)).toBe(errno.notcapable);
  });
});

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

describe("calls that no stream can do", () => {
  const answers: [answer: keyof typeof errno, names: string[]][] = [
    ["spipe", ["fd_seek", "fd_tell", "fd_pread", "fd_pwrite", "fd_advise"]],
    [
      "notcapable",
      ["fd_allocate", "fd_datasync", "fd_sync", "fd_filestat_set_size", "fd_filestat_set_times"],
    ],
    ["notsock", ["sock_accept", "sock_recv", "sock_send", "sock_shutdown"]],
    ["notdir", ["fd_readdir", ...Object.keys(preview1).filter((each) => each.startsWith("path_"))]],
    ["badf", ["fd_prestat_get", "fd_prestat_dir_name"]],
  ];
  for (const [answer, names] of answers) {
    for (const name of names) {
      test(`${name} answers ${answer} on a stream, EBADF without one, and writes nothing`, () => {
        const { call, text } = hostFixture();
        // The descriptor is the first parameter; of path_symlink it is the third.
        const on = (fd: number): number =>
          name === "path_symlink" ? call(name, 0, 4, fd, 0, 4) : call(name, fd, ...Array(9).fill(0));
        expect([on(stdin), on(stdout), on(stderr)]).toEqual(Array(3).fill(errno[answer]));
        expect([on(3), on(-1), on(2 ** 31)]).toEqual(Array(3).fill(errno.badf));
        expect(text()).toBe(untouched);
      });
    }
  }

  test("every call that takes a descriptor answers EBADF for one that is not open", () => {
    const { call, text } = hostFixture();
    const names = Object.keys(preview1).filter((name) => /^(fd|path|sock)_/.test(name));
    expect(names).toHaveLength(35);
    for (const name of names) {
      for (const fd of [3, 255, -1])
        expect([name, call(name, fd, fd, fd, 0, 0, 0, 0, 0, 0, 0)]).toEqual([name, errno.badf]);
    }
    expect(text()).toBe(untouched);
  });
});

test("a call that waits tells the guest nothing", () => {
  const { call, put, text } = hostFixture({ stdin: new TestInput() });
  put(0, 40, 4);
  expect([call("fd_read", stdin, 0, 1, 24), text(24)]).toEqual([wouldBlock, "?".repeat(40)]);
});
