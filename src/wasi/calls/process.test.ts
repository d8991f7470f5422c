import { describe, expect, test } from "bun:test";
import { hostFixture } from "../../../test/support/host-fixture.ts";
import { errno } from "../errno.ts";
import { wouldBlock } from "../stream.ts";

const run = { args: () => ["a", "bc"], environ: () => ["X=1", "Y="] };
const untouched = "?".repeat(64);

describe("args_get and environ_get", () => {
  test("args_get writes pointers and strings, and nothing beyond", () => {
    const { call, text } = hostFixture(run);
    expect(call("args_get", 4, 16)).toBe(errno.success);
    expect(text()).toBe(`????\\x10\\x00\\x00\\x00\\x12\\x00\\x00\\x00????a\\x00bc\\x00${"?".repeat(43)}`);
  });

  test("args_sizes_get writes the count and the bytes with their NULs", () => {
    const { call, text } = hostFixture(run);
    expect(call("args_sizes_get", 1, 9)).toBe(errno.success);
    expect(text(0, 16)).toBe("?\\x02\\x00\\x00\\x00????\\x05\\x00\\x00\\x00???");
  });

  test("environ_get and environ_sizes_get write the environment", () => {
    const { call, text } = hostFixture(run);
    expect([call("environ_sizes_get", 0, 4), call("environ_get", 8, 16)]).toEqual([
      errno.success,
      errno.success,
    ]);
    expect(text(0, 24)).toBe(
      "\\x02\\x00\\x00\\x00\\x07\\x00\\x00\\x00\\x10\\x00\\x00\\x00\\x14\\x00\\x00\\x00X=1\\x00Y=\\x00?",
    );
  });

  test("byte strings go through byte for byte", () => {
    const { call, text } = hostFixture({ args: () => ["\xe9\xff"] });
    expect(call("args_get", 0, 4)).toBe(errno.success);
    expect(text(4, 8)).toBe("\\xe9\\xff\\x00?");
  });

  test("nothing is written where there is nothing", () => {
    const { call, text } = hostFixture();
    expect([call("args_get", 64, 64), call("environ_get", 0, 0)]).toEqual([errno.success, errno.success]);
    expect(text()).toBe(untouched);
  });

  test("args and environment are made once a run, and only when asked for", () => {
    let made = 0;
    const { call } = hostFixture({
      args: () => {
        made++;
        return ["a"];
      },
    });
    expect(made).toBe(0);
    call("args_sizes_get", 0, 4);
    call("args_get", 0, 4);
    expect(made).toBe(1);
  });

  const faults: [name: string, args: number[]][] = [
    ["args_get", [57, 0]],
    ["args_get", [0, 60]],
    ["args_get", [-4, 0]],
    ["args_get", [0, -1]],
    ["environ_get", [60, 0]],
    ["environ_get", [0, 58]],
    ["args_sizes_get", [61, 0]],
    ["args_sizes_get", [0, 61]],
    ["environ_sizes_get", [-1, 0]],
    ["environ_sizes_get", [0, 2 ** 31]],
    ["random_get", [0, 65]],
    ["random_get", [64, 1]],
    ["random_get", [0, -1]],
    ["random_get", [-1, -1]],
  ];
  for (const [name, args] of faults) {
    test(`${name}(${args.join(", ")}) answers EFAULT and writes nothing`, () => {
      const { call, text } = hostFixture(run);
      expect([call(name, ...args), text()]).toEqual([errno.fault, untouched]);
    });
  }
});

describe("random_get", () => {
  test("fills exactly what was asked for", () => {
    const { call, text, memory } = hostFixture();
    expect(call("random_get", 8, 40)).toBe(errno.success);
    expect([text(0, 8), text(48)]).toEqual(["????????", "?".repeat(16)]);
    // 40 bytes of one value do not come by chance.
    expect(new Set(memory.subarray(8, 48)).size).toBeGreaterThan(8);
  });

  test("fills more than the system's generator gives at once, to the last byte", async () => {
    const { callWaiting, memory } = hostFixture({}, 200_000);
    expect(await callWaiting("random_get", 1, 199_998)).toBe(errno.success);
    expect([memory[0], memory[199_999]]).toEqual([0x3f, 0x3f]);
    expect(new Set(memory.subarray(199_900, 199_999)).size).toBeGreaterThan(30);
  });

  test("takes no bytes at the end of the memory", () => {
    expect(hostFixture().call("random_get", 64, 0)).toBe(errno.success);
  });
});

describe("the end of a process", () => {
  test("proc_exit keeps its code as unsigned, for whoever ends the guest", () => {
    const { call, host } = hostFixture();
    call("proc_exit", -1);
    expect(host.exitCode).toBe(0xffff_ffff);
  });

  test("proc_raise knows no signals", () => {
    expect(hostFixture().call("proc_raise", 9)).toBe(errno.notsup);
  });
});

test("sched_yield answers at once, and waits for the event loop when the guest has held the thread", async () => {
  // One of them is not held up by the machine.
  expect(Array.from({ length: 20 }, () => hostFixture().call("sched_yield"))).toContain(errno.success);
  const { call, callWaiting } = hostFixture();
  const startMs = performance.now();
  while (performance.now() - startMs < 3) call("fd_close", 99);
  let loopRan = false;
  setImmediate(() => {
    loopRan = true;
  });
  expect(call("sched_yield")).toBe(wouldBlock);
  expect(await callWaiting("sched_yield")).toBe(errno.success);
  expect(loopRan).toBe(true);
});
