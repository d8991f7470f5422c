import { describe, expect, test } from "bun:test";
import {
  type FilesFixture,
  filesFixture,
  oflag,
  rootFd,
  type Speed,
} from "../../test/support/files-fixture.ts";
import { hostFixture, TestInput, TestOutput } from "../../test/support/host-fixture.ts";
import { preview1 } from "./abi.ts";
import { cost } from "./costs.ts";
import { errno } from "./errno.ts";
import { type Answer, OpenDirectory } from "./files/index.ts";
import { createScratch } from "./files/tree/index.ts";
import { GuestMemory } from "./guest-memory.ts";
import { emptyRun, WasiHost } from "./host.ts";
import { wouldBlock } from "./stream.ts";

describe("WasiHost", () => {
  test("stop ends a call that waits, and the stop flag stays", async () => {
    const flag = { value: 0 };
    const host = new WasiHost(flag);
    host.begin(emptyRun);
    let attempts = 0;
    host.waitFor(() => undefined);
    const resumed = host.resume(() => ++attempts);
    host.stop();
    await resumed;
    expect([flag.value, host.stopped, attempts]).toEqual([1, true, 0]);
    host.begin(emptyRun);
    expect(host.stopped).toBe(true);
  });

  test("stop before the wait ends it just as well", async () => {
    const host = new WasiHost({ value: 0 });
    host.waitFor(() => undefined);
    host.stop();
    await host.resume(() => 1);
  });

  test("a spurious wake tries again and waits again", async () => {
    const stdin = new TestInput();
    const { callWaiting, put, text } = hostFixture({ stdin });
    put(0, 40, 4);
    const read = callWaiting("fd_read", 0, 0, 1, 24);
    for (let i = 0; i < 3; i++) {
      await Bun.sleep(0);
      stdin.push("");
    }
    stdin.push("x");
    expect([await read, text(40, 44)]).toEqual([0, "x???"]);
  });

  test("onWait is told of every suspension, and not of a call that went through", async () => {
    let waits = 0;
    const stdin = new TestInput().push("a");
    const { callWaiting, put } = hostFixture({ stdin, onWait: () => waits++ });
    put(0, 40, 1);
    await callWaiting("fd_read", 0, 0, 1, 24);
    expect(waits).toBe(0);
    const read = callWaiting("fd_read", 0, 0, 1, 24);
    await Bun.sleep(0);
    stdin.push("b");
    await read;
    expect(waits).toBe(1);
  });

  test("a run that was cut inside a write leaves the next run none of it", () => {
    const output = new TestOutput(1);
    const { call, host, put } = hostFixture({ stdout: output });
    put(0, 40, 4);
    expect(call("fd_write", 1, 0, 1, 24)).toBe(wouldBlock);
    expect(host.pendingBytes).toBe(1);
    const next = new TestOutput();
    host.end();
    host.begin({ ...emptyRun, stdout: next });
    expect([call("fd_write", 1, 0, 1, 24), next.text]).toEqual([0, "????"]);
  });

  test("a run that exited or polled leaves the next run no code and no poll", () => {
    const { call, host, memory } = hostFixture({ stdin: new TestInput() }, 1024);
    memory.fill(0, 0, 48);
    memory[8] = 1;
    expect(call("poll_oneoff", 0, 256, 1, 512)).toBe(wouldBlock);
    call("proc_exit", 3);
    host.end();
    host.begin(emptyRun);
    expect([host.exitCode, host.pendingPoll, host.args.count, host.environ.count]).toEqual([
      undefined,
      undefined,
      0,
      0,
    ]);
  });
});

describe("WasiHost and the files of its guest", () => {
  /** A guest that has opened two files and a directory, of which it has closed one file. */
  async function withOpenFiles(speed: Speed): Promise<FilesFixture> {
    const fixture = filesFixture({ speed });
    await fixture.open("a", { openFlags: oflag.create });
    await fixture.open("a");
    await fixture.openDirectory(".");
    expect(fixture.call("fd_close", 4)).toBe(0);
    return fixture;
  }

  test("end closes what is open, each once, and not what was preopened", async () => {
    const { host, lateness } = await withOpenFiles("later");
    expect([lateness.opened, lateness.closed]).toEqual([3, 1]);
    host.end();
    host.end();
    expect([lateness.opened, lateness.closed]).toEqual([3, 3]);
  });

  test("the next run finds nothing of the last, and its own preopens", async () => {
    const { host, call, lateness } = await withOpenFiles("later");
    host.end();
    const directory = createScratch(9999);
    host.begin({ ...emptyRun, preopens: () => [{ name: "/x", directory, readOnly: false }] });
    expect([4, 5].map((fd) => call("fd_close", fd))).toEqual([errno.badf, errno.badf]);
    expect(call("fd_prestat_dir_name", 3, 0, 2)).toBe(errno.success);
    expect([host.charged > 0, lateness.closed]).toEqual([true, 3]);
  });

  test("a file that is opened for a guest which was stopped meanwhile is closed", async () => {
    const { host, open, lateness } = filesFixture({ speed: "later" });
    const opening = open("a", { openFlags: oflag.create });
    host.stop();
    await opening;
    host.end();
    expect(lateness.opened).toBe(0);
    await waitUntil(() => lateness.opened === 1);
    expect(lateness.closed).toBe(1);
  });

  test("a file that was opened in the very turn in which its guest is stopped is closed", async () => {
    const { host, open, lateness } = filesFixture({ speed: "later" });
    const opening = open("a", { openFlags: oflag.create });
    while (lateness.opened === 0) await Promise.resolve().then(() => new Promise(setImmediate));
    host.stop();
    await opening;
    host.end();
    expect([lateness.opened, lateness.closed]).toEqual([1, 1]);
  });

  test("nothing is closed under an operation that is under way", async () => {
    const { host, open, read, lateness } = filesFixture({ speed: "later" });
    const fd = await open("a", { openFlags: oflag.create });
    await open("a");
    let release = (): void => undefined;
    lateness.gate = new Promise((resolve) => {
      release = resolve;
    });
    const reading = read(fd, 9);
    host.stop();
    await reading;
    host.end();
    expect([lateness.pending, lateness.closed]).toEqual([1, 0]);
    release();
    await waitUntil(() => lateness.closed === 2);
    expect(lateness.opened).toBe(2);
  });

  test("an answer that rejects, which is a bug, is thrown where the call goes on", async () => {
    class Broken extends OpenDirectory {
      override createDirectory(): Answer<undefined> {
        return Promise.reject(new Error("a bug"));
      }
    }
    const { callWaiting, path } = filesFixture({ preopen: { directory: new Broken() } });
    await expect(callWaiting("path_create_directory", rootFd, ...path("x"))).rejects.toThrow("a bug");
    expect(await callWaiting("path_unlink_file", rootFd, ...path("x"))).toBe(errno.notsup);
  });
});

describe("WasiHost.charged", () => {
  const calls: [what: string, name: string, args: (size: number) => number[]][] = [
    ["the bytes of random_get", "random_get", (size) => [4096, size]],
    ["the bytes of fd_write", "fd_write", (size) => [1, size === 0 ? 0 : 8, 1, 64]],
    ["the buffers of fd_read", "fd_read", (size) => [0, 1024, size >>> 8, 64]],
    ["the subscriptions of poll_oneoff", "poll_oneoff", (size) => [4096, 65_536, 1 + (size >>> 8), 64]],
    ["the letters of a path", "path_create_directory", (size) => [3, 4096, 1 + (size >>> 4)]],
  ];
  test.each(calls)("grows by %s", (_what, name, args) => {
    const chargeOf = (size: number): number => {
      const { host, call, put } = filesFixture({ memoryBytes: 200_000 });
      put(0, 4096, 0, 4096, 60_000);
      host.memory.fill(1024, 2048, 0);
      host.memory.fill(4096, 1, 1);
      call(name, ...args(size));
      return host.charged;
    };
    expect(chargeOf(0)).toBeGreaterThanOrEqual(cost.call);
    expect(chargeOf(60_000)).toBeGreaterThan(chargeOf(0) + 1000);
  });

  test("grows with every call, whatever comes of it", () => {
    const { host, call } = filesFixture();
    for (const name of Object.keys(preview1)) {
      const before = host.charged;
      call(name, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
      expect([name, host.charged - before >= cost.call]).toEqual([name, true]);
    }
  });
});

async function waitUntil(isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    if (turns > 1000) throw new Error("it never was");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("GuestMemory", () => {
  const cases: [pointer: number, length: number, inside: boolean][] = [
    [0, 65_536, true],
    [65_536, 0, true],
    [65_535, 1, true],
    [65_536, 1, false],
    [65_537, 0, false],
    [-1, 0, false],
    [-1, 1, false],
    [-65_536, 65_536, false],
    [0, 2 ** 32 - 1, false],
    [-1, 2 ** 32 - 1, false],
  ];
  for (const [pointer, length, inside] of cases) {
    test(`has(${pointer}, ${length}) is ${inside} in one page`, () => {
      const memory = new GuestMemory();
      memory.attach(new WebAssembly.Memory({ initial: 1 }));
      expect(memory.has(pointer, length)).toBe(inside);
    });
  }

  test("sees what the memory has grown by, and the bytes that were there", () => {
    const buffer = new WebAssembly.Memory({ initial: 0, maximum: 3 });
    const memory = new GuestMemory();
    memory.attach(buffer);
    expect(memory.has(0, 1)).toBe(false);
    buffer.grow(1);
    expect(memory.has(0, 65_536)).toBe(true);
    memory.setU32(65_532, 0xdead_beef);
    buffer.grow(2);
    expect([memory.has(131_072, 65_536), memory.u32(65_532)]).toEqual([true, 0xdead_beef]);
  });

  test("reads and writes little-endian, at unsigned addresses", () => {
    const memory = new GuestMemory();
    memory.attach(new Uint8Array(16));
    memory.setU64(0, 0x0807_0605_0403_0201n);
    memory.setU16(8, 0x0a09);
    memory.setU8(10, 0xfff);
    expect([memory.u8(1), memory.u16(1), memory.u32(4), memory.u64(2)]).toEqual([
      2,
      0x0302,
      0x0807_0605,
      0x0a09_0807_0605_0403n,
    ]);
    expect([...memory.slice(8, 4)]).toEqual([9, 10, 255, 0]);
  });
});
