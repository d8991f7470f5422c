import { expect, test } from "bun:test";
import { scratchBytesMax } from "../limits.ts";
import { Scratch } from "./scratch.ts";

test("Scratch gives the same memory again, and never to two at once", () => {
  const scratch = new Scratch();
  const first = scratch.lend();
  const room = first.allocate(100);
  const second = scratch.lend();
  const other = second.allocate(100);
  expect(other.buffer).not.toBe(room.buffer);
  second[Symbol.dispose]();
  // The second's end is not the first's.
  expect(scratch.lend().allocate(10).buffer).not.toBe(room.buffer);
  first[Symbol.dispose]();
  const again = scratch.lend().allocate(50);
  expect([again.buffer === room.buffer, again.length]).toEqual([true, 50]);
});

test("Scratch grows, and does not keep what is too much", () => {
  const scratch = new Scratch();
  const sizes = [10, 1000, scratchBytesMax + 1, 500].map((bytes) => {
    using loan = scratch.lend();
    const room = loan.allocate(bytes);
    return [room.length, room.buffer.byteLength];
  });
  expect(sizes).toEqual([
    [10, 10],
    [1000, 1000],
    [scratchBytesMax + 1, scratchBytesMax + 1],
    [500, 1000],
  ]);
});
