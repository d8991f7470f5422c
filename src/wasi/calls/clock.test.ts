import { describe, expect, test } from "bun:test";
import { hostFixture } from "../../../test/support/host-fixture.ts";
import { errno } from "../errno.ts";

function timeOf(id: number, fixture = hostFixture()): bigint {
  expect(fixture.call("clock_time_get", id, 0, 0, 8)).toBe(errno.success);
  return new DataView(fixture.memory.buffer).getBigUint64(8, true);
}

describe("clock_time_get", () => {
  test("writes 8 bytes and none beyond", () => {
    const { call, text } = hostFixture();
    expect(call("clock_time_get", 1, 0, 0, 8)).toBe(errno.success);
    expect([text(0, 8), text(16)]).toEqual(["????????", "?".repeat(48)]);
  });

  test("shows the wall clock in nanoseconds", () => {
    const milliseconds = Number(timeOf(0) / 1_000_000n);
    expect(Math.abs(milliseconds - Date.now())).toBeLessThan(1000);
  });

  test("shows a monotonic clock that does not go back", () => {
    const fixture = hostFixture();
    const times = Array.from({ length: 50 }, () => timeOf(1, fixture));
    expect(times.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(times);
  });

  test("shows CPU clocks that begin with the run", () => {
    for (const id of [2, 3]) expect(timeOf(id)).toBeLessThan(1_000_000_000n);
  });
});

test("clock_res_get tells 1 µs for the wall clock and 1 ns for the others", () => {
  for (const [id, nanoseconds] of [
    [0, 1000n],
    [1, 1n],
    [2, 1n],
    [3, 1n],
  ] as const) {
    const { call, memory, text } = hostFixture();
    expect(call("clock_res_get", id, 8)).toBe(errno.success);
    expect(new DataView(memory.buffer).getBigUint64(8, true)).toBe(nanoseconds);
    expect([text(0, 8), text(16)]).toEqual(["????????", "?".repeat(48)]);
  }
});

const refused: [name: string, args: number[], answer: keyof typeof errno][] = [
  ["clock_time_get", [4, 0, 0, 0], "inval"],
  ["clock_time_get", [-1, 0, 0, 0], "inval"],
  ["clock_time_get", [0, 0, 0, 57], "fault"],
  ["clock_time_get", [0, 0, 0, -8], "fault"],
  ["clock_res_get", [4, 0], "inval"],
  ["clock_res_get", [-1, 0], "inval"],
  ["clock_res_get", [1, 57], "fault"],
];
for (const [name, args, answer] of refused) {
  test(`${name}(${args.join(", ")}) answers ${answer} and writes nothing`, () => {
    const { call, text } = hostFixture();
    expect([call(name, ...args), text()]).toEqual([errno[answer], "?".repeat(64)]);
  });
}
