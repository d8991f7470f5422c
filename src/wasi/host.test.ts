import { describe, expect, test } from "bun:test";
import { hostFixture, TestInput, TestOutput } from "../../test/support/host-fixture.ts";
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
