/**
 * Random calls with random arguments in a random memory. A call never throws, writes nothing when it fails,
 * and when it succeeds writes only where its ABI says. Again with the same numbers: `EMEND_SEED=N`.
 */
import { expect, test } from "bun:test";
import { preview1, wouldBlock } from "../../src/wasi/index.ts";
import { hostFixture, TestInput, TestOutput } from "../support/host-fixture.ts";
import { createRandom, type Random } from "../support/random.ts";

const memoryBytes = 4096;
const [rounds, callsARound] = [400, 60];

type Range = readonly [start: number, length: number];

/** Where a call may write, by its arguments and the memory before it. */
const promised: Readonly<Record<string, (args: readonly number[], memory: DataView) => Range[]>> = {
  args_get: ([pointers, block]) => [
    [pointers!, 8],
    [block!, 7],
  ],
  environ_get: ([pointers, block]) => [
    [pointers!, 4],
    [block!, 4],
  ],
  args_sizes_get: ([count, size]) => [
    [count!, 4],
    [size!, 4],
  ],
  environ_sizes_get: ([count, size]) => [
    [count!, 4],
    [size!, 4],
  ],
  clock_time_get: ([, , , time]) => [[time!, 8]],
  clock_res_get: ([, resolution]) => [[resolution!, 8]],
  fd_fdstat_get: ([, stat]) => [[stat!, 24]],
  fd_filestat_get: ([, stat]) => [[stat!, 64]],
  random_get: ([buffer, length]) => [[buffer!, length!]],
  fd_write: ([, , , written]) => [[written!, 4]],
  fd_read: ([, vectors, count, read], memory) => [[read!, 4], ...vectorsAt(memory, vectors!, count!)],
  poll_oneoff: ([, output, count, events]) => [
    [output!, count! * 32],
    [events!, 4],
  ],
};

function vectorsAt(memory: DataView, at: number, count: number): Range[] {
  const list: Range = [at, count * 8];
  const buffers = Array.from(
    { length: count },
    (_, i): Range => [memory.getUint32(at + i * 8, true), memory.getUint32(at + i * 8 + 4, true)],
  );
  // Bytes that land in the list itself make it another list: then anything in the guest's memory is its own doing.
  const overlap = buffers.some(([start, length]) => start < list[0] + list[1] && list[0] < start + length);
  return overlap ? [[0, memoryBytes]] : buffers;
}

const random = createRandom();

test(`host calls keep to their ranges whatever they are given (EMEND_SEED=${random.seed})`, () => {
  let [successes, failures, waits] = [0, 0, 0];
  for (let round = 0; round < rounds; round++) {
    const stdin = new TestInput().push(bytes(random, random.below(40)));
    if (random.below(2) === 0) stdin.end();
    const stdout = new TestOutput(random.pick([0, 10, 1000]));
    const run = { args: () => ["ab", "cde"], environ: () => ["X=1"], stdin, stdout };
    const { host, calls, memory } = hostFixture(run, memoryBytes);
    memory.set(bytes(random, memoryBytes));
    // Lists of buffers and subscriptions that are right by chance are rare: plant some.
    for (let i = 0; i < 64; i++) plant(random, memory);

    for (let turn = 0; turn < callsARound; turn++) {
      const name = random.pick(Object.keys(preview1));
      const { params } = preview1[name]!;
      const args = [...params].flatMap((letter) =>
        letter === "I" ? [argument(random), argument(random)] : [argument(random)],
      );
      const before = memory.slice();
      const told = `${name}(${args.join(", ")}), seed ${random.seed}, round ${round}`;
      let result: number;
      try {
        result = calls[name]!(...args);
      } catch (error) {
        throw new Error(`${told} threw`, { cause: error });
      }
      if (result === wouldBlock) waits++;
      else if (result === 0) successes++;
      else failures++;
      // `fd_read` and the like go by unsigned pointers.
      const unsigned = args.map((each) => each >>> 0);
      const ranges = result === 0 ? (promised[name]?.(unsigned, new DataView(before.buffer)) ?? []) : [];
      expect([told, firstChangeOutside(before, memory, ranges)]).toEqual([told, -1]);
      // As if the wait were over: the next call is a new one.
      if (result === wouldBlock) [host.pendingPoll, host.pendingBytes] = [undefined, 0];
    }
  }
  expect([successes > 500, failures > 500, waits > 0]).toEqual([true, true, true]);
}, 60_000);

/** Mostly what means something: a descriptor, a small number, a place in memory or at its ends. */
function argument(random: Random): number {
  const kind = random.below(6);
  if (kind < 2) return random.below(5);
  if (kind < 4) return random.below(memoryBytes);
  if (kind === 4) return memoryBytes - random.below(70);
  return random.pick([-1, 2 ** 31 - 1, -(2 ** 31), memoryBytes, random.below(2 ** 32) | 0]);
}

function plant(random: Random, memory: Uint8Array<ArrayBuffer>): void {
  const view = new DataView(memory.buffer);
  const at = random.below(memoryBytes - 48) & ~7;
  if (random.below(2) === 0) {
    view.setUint32(at, random.below(memoryBytes), true);
    view.setUint32(at + 4, random.below(30), true);
    return;
  }
  memory.fill(0, at, at + 48);
  view.setUint8(at + 8, random.below(3));
  view.setUint32(at + 16, random.below(4), true);
}

function bytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

/** The first byte that changed and was not promised, or -1. */
function firstChangeOutside(before: Uint8Array, after: Uint8Array, ranges: readonly Range[]): number {
  if (Buffer.compare(before, after) === 0) return -1;
  const patched = after.slice();
  for (const [start, length] of ranges) patched.set(before.subarray(start, start + length), start);
  return patched.findIndex((byte, index) => byte !== before[index]);
}
