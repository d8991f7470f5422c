import { expect, test } from "bun:test";
import { Pace } from "./pace.ts";

/** Works for so many milliseconds. */
function work(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

test("Pace lets others have the thread in the midst of long work", async () => {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const pace = new Pace();
  for (let i = 0; i < 2000; i++) {
    work(0.02);
    await pace.step();
  }
  isOver = true;
  // 40 ms in pieces of a little more than 1 ms: fewer on a machine that is busy.
  expect(turns).toBeGreaterThan(10);
});

test("Pace does not stop short work", () => {
  const pace = new Pace();
  const pauses = Array.from({ length: 31 }, () => pace.step());
  expect(pauses.filter((pause) => pause !== undefined)).toEqual([]);
});
