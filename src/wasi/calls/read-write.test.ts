import { describe, expect, spyOn, test } from "bun:test";
import { at, filesFixture, oflag, rootFd, speeds } from "../../../test/support/files-fixture.ts";
import { hostFixture, TestInput, TestOutput } from "../../../test/support/host-fixture.ts";
import { fdFlag } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { emptyRun, type Run } from "../host.ts";
import { right } from "../rights.ts";
import { closed, discardOutput, type Input, wouldBlock } from "../stream.ts";

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

test("a call that waits tells the guest nothing", () => {
  const { call, put, text } = hostFixture({ stdin: new TestInput() });
  put(0, 40, 4);
  expect([call("fd_read", stdin, 0, 1, 24), text(24)]).toEqual([wouldBlock, "?".repeat(40)]);
});

describe("fd_read and fd_write of a file", () => {
  test.each(speeds)("move the position, and bytes through it, %s", async (speed) => {
    const { open, write, read, u32 } = filesFixture({ speed });
    const fd = await open("new", { openFlags: oflag.create });
    expect([await write(fd, "hello, "), await write(fd, "world"), u32(at.result)]).toEqual([0, 0, 5]);
    expect(await read(fd, 9)).toBe("");
    const again = await open("new");
    expect([await read(again, 7), await read(again, 9), await read(again, 9)]).toEqual([
      "hello, ",
      "world",
      "",
    ]);
  });

  test.each(speeds)("go through a list of buffers, empty ones among them, %s", async (speed) => {
    const { open, callWaiting, memory, put, text, u32 } = filesFixture({ speed });
    const fd = await open("new", { openFlags: oflag.create });
    memory.set(Buffer.from("world, hello"), at.data);
    put(at.vectors, at.data + 7, 5, 9, 0, at.data + 5, 2, at.data, 5);
    expect([await callWaiting("fd_write", fd, at.vectors, 4, at.result), u32(at.result)]).toEqual([0, 12]);
    memory.fill(0x3f, at.data, at.data + 40);
    put(at.vectors, at.data, 3, 9, 0, at.data + 4, 30);
    expect([await callWaiting("fd_pread", fd, at.vectors, 3, 2, 0, at.result), u32(at.result)]).toEqual([
      0, 10,
    ]);
    expect(text(at.data, at.data + 20)).toBe("llo?, world?????????");
    expect([await callWaiting("fd_write", fd, at.vectors, 0, at.result), u32(at.result)]).toEqual([0, 0]);
  });

  test.each(speeds)(
    "a list of buffers that is read over is the one that the call began with, %s",
    async (speed) => {
      const { open, write, callWaiting, put, text } = filesFixture({ speed });
      const fd = await open("new", { openFlags: oflag.create });
      await write(fd, "\u0010\0\0\0\u0004\0\0\0rest");
      put(at.vectors, at.vectors + 8, 8, at.data, 4);
      expect(await callWaiting("fd_pread", fd, at.vectors, 2, 0, 0, at.result)).toBe(errno.success);
      expect([text(16, 20), text(at.data, at.data + 4)]).toEqual(["????", "rest"]);
    },
  );

  test.each(speeds)(
    "append goes behind the last byte, also with fd_pwrite, and reading does not, %s",
    async (speed) => {
      const { open, write, read, callWaiting, path, put } = filesFixture({ speed });
      const fd = await open("new", { openFlags: oflag.create, flags: fdFlag.append });
      const other = await open("new");
      await write(other, "abc");
      await write(fd, "d");
      await callWaiting("fd_seek", fd, 0, 0, 0, at.result);
      await write(fd, "e");
      expect(await read(fd, 9)).toBe("");
      put(at.vectors, ...path("f", at.data));
      expect(await callWaiting("fd_pwrite", fd, at.vectors, 1, 0, 0, at.result)).toBe(errno.success);
      expect(await callWaiting("fd_fdstat_set_flags", fd, 0)).toBe(errno.success);
      expect(await callWaiting("fd_pwrite", fd, at.vectors, 1, 0, 0, at.result)).toBe(errno.success);
      expect(await read(other, 9)).toBe("def");
      expect(await read(await open("new"), 9)).toBe("fbcdef");
    },
  );

  test.each(speeds)("fd_pread and fd_pwrite leave the position, %s", async (speed) => {
    const { open, write, read, callWaiting, path, put, text } = filesFixture({ speed });
    const fd = await open("new", { openFlags: oflag.create });
    await write(fd, "abcdef");
    put(at.vectors, ...path("XY", at.data));
    expect(await callWaiting("fd_pwrite", fd, at.vectors, 1, 1, 0, at.result)).toBe(errno.success);
    expect(await callWaiting("fd_pread", fd, at.vectors, 1, 4, 0, at.result)).toBe(errno.success);
    expect(text(at.data, at.data + 3)).toBe("efc");
    await write(fd, "g");
    expect(await read(await open("new"), 9)).toBe("aXYdefg");
  });

  test.each(speeds)(
    "a write that finds no room for all of it answers what went, then ENOSPC, %s",
    async (speed) => {
      const { open, write, callWaiting, put, u32 } = filesFixture({ speed, bytesMax: 1500 });
      const fd = await open("new", { openFlags: oflag.create });
      put(at.vectors, at.data, 1000, at.data, 1000);
      expect(await callWaiting("fd_write", fd, at.vectors, 2, at.result)).toBe(errno.success);
      const went = u32(at.result);
      expect([went > 1000, went < 1500]).toEqual([true, true]);
      expect(await write(fd, "x")).toBe(errno.nospc);
    },
  );

  const refused: [what: string, name: string, args: number[], answer: keyof typeof errno][] = [
    ["an offset from 2^53 on", "fd_pread", [at.vectors, 1, 0, 0x20_0000, at.result], "inval"],
    ["an offset from 2^53 on", "fd_pwrite", [at.vectors, 1, 0, 0x20_0000, at.result], "fbig"],
    ["a buffer outside", "fd_pread", [at.vectors + 8, 1, 0, 0, at.result], "fault"],
    ["a buffer outside", "fd_pwrite", [at.vectors + 8, 1, 0, 0, at.result], "fault"],
    ["a buffer outside", "fd_read", [at.vectors + 8, 1, at.result], "fault"],
    ["a count outside", "fd_pread", [at.vectors, 1, 0, 0, 4095], "fault"],
    ["1025 buffers", "fd_pwrite", [at.vectors, 1025, 0, 0, at.result], "inval"],
  ];
  for (const [what, name, args, answer] of refused) {
    test(`${name} refuses ${what}: ${answer}, and nothing moves`, async () => {
      const { open, write, call, put, text, read } = filesFixture();
      const fd = await open("new", { openFlags: oflag.create });
      await write(fd, "abc");
      put(at.vectors, at.data, 2, 4000, 200);
      const before = text();
      expect([call(name, fd, ...args), text()]).toEqual([errno[answer], before]);
      expect(await read(await open("new"), 9)).toBe("abc");
    });
  }

  test("a directory is EISDIR, and a right that is not there ENOTCAPABLE", async () => {
    const { open, call, put } = filesFixture();
    put(at.vectors, at.data, 2);
    const answers = (fd: number): number[] => [
      call("fd_read", fd, at.vectors, 1, at.result),
      call("fd_write", fd, at.vectors, 1, at.result),
      call("fd_pread", fd, at.vectors, 1, 0, 0, at.result),
      call("fd_pwrite", fd, at.vectors, 1, 0, 0, at.result),
    ];
    expect(answers(rootFd)).toEqual(Array(4).fill(errno.isdir));
    const none = await open("new", { openFlags: oflag.create, rights: 0 });
    expect(answers(none)).toEqual(Array(4).fill(errno.notcapable));
    const reading = await open("new", { rights: right.fdRead });
    expect(answers(reading)).toEqual([0, errno.notcapable, 0, errno.notcapable]);
  });
});

describe("calls that move much", () => {
  const [pages, megabyte] = [64, 1 << 20];

  /** Calls on a memory of 4 MiB, and how often the event loop ran meanwhile. */
  async function turnsOf(
    name: string,
    run: Partial<Run>,
    ...args: number[]
  ): Promise<[errno: number, waits: number]> {
    let waits = 0;
    const { callWaiting, host, put } = hostFixture({ ...run, onWait: () => waits++ }, pages * 65_536);
    put(0, 1024, 3 * megabyte, 1024, 3 * megabyte);
    using clock = spyOn(host, "shouldYield").mockReturnValue(true);
    const result = await callWaiting(name, ...args);
    expect(clock).toHaveBeenCalled();
    return [result, waits];
  }

  test("fd_write to a stream that takes everything lets the event loop run", async () => {
    let taken = 0;
    const sink = {
      ...discardOutput,
      write: (_bytes: Uint8Array, start: number, end: number) => {
        taken += end - start;
        return end - start;
      },
    };
    const [result, waits] = await turnsOf("fd_write", { stdout: sink }, stdout, 0, 2, 64);
    expect([result, taken, waits > 3]).toEqual([0, 6 * megabyte, true]);
  });

  test("random_get lets the event loop run", async () => {
    const [result, waits] = await turnsOf("random_get", {}, 1024, 3 * megabyte);
    expect([result, waits > 30]).toEqual([0, true]);
  });

  test("buffers of 4 GiB in all, over one another, are refused", () => {
    const { call, put } = hostFixture({}, pages * 65_536);
    for (let i = 0; i < 1024; i++) put(i * 8, 0, 4_194_304);
    expect(call("fd_write", 1, 0, 1024, 8192)).toBe(errno.inval);
  });
});
