import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { RateGate } from "./rate-gate.ts";

let nowMs = 0;
let reports: number[] = [];
const shut = new Set<RateGate>();

function gate(perSecond: number): RateGate {
  return new RateGate({ perSecond, now: () => nowMs, report: (lines) => reports.push(lines), shut });
}

function taken(subject: RateGate, times: number): number {
  let count = 0;
  for (let turn = 0; turn < times; turn++) if (subject.take()) count++;
  return count;
}

function pass(ms: number): void {
  nowMs += ms;
  jest.advanceTimersByTime(ms);
}

beforeEach(() => {
  nowMs = 1_000_000;
  reports = [];
  shut.clear();
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe("RateGate", () => {
  test("take lets a full bucket through and no more within the second", () => {
    const subject = gate(10);
    expect(taken(subject, 100)).toBe(10);
    pass(999);
    expect(taken(subject, 100)).toBe(0);
    expect(reports).toEqual([]);
  });

  test("take reports what it left out once, when it opens again", () => {
    const subject = gate(10);
    taken(subject, 100);
    expect(shut.has(subject)).toBe(true);
    pass(1000);
    expect(reports).toEqual([90]);
    expect(shut.size).toBe(0);
    expect(taken(subject, 10)).toBe(10);
    pass(10_000);
    expect(reports).toEqual([90]);
  });

  test("take refills with time and needs no timer below the rate", () => {
    const subject = gate(10);
    expect(taken(subject, 10)).toBe(10);
    pass(500);
    expect(taken(subject, 5)).toBe(5);
    expect(jest.getTimerCount()).toBe(0);
    expect(taken(subject, 1)).toBe(0);
    expect(jest.getTimerCount()).toBe(1);
    pass(1000);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("take is not fooled by a clock that jumps", () => {
    const subject = gate(10);
    taken(subject, 10);
    nowMs -= 3_600_000;
    expect(taken(subject, 100)).toBe(0);
    pass(1000);
    expect(taken(subject, 100)).toBe(10);
    pass(1000);
    nowMs += 3_600_000;
    expect(taken(subject, 100)).toBe(10);
  });

  test("settle reports at once and only what is new", () => {
    const subject = gate(1);
    taken(subject, 5);
    subject.settle();
    subject.settle();
    taken(subject, 2);
    pass(1000);
    expect(reports).toEqual([4, 2]);
  });

  test("take refuses in under 100 ns", () => {
    const subject = gate(1);
    taken(subject, 200_000);
    // The best of a few runs: the machine has other things to do.
    const ns = Math.min(
      ...Array.from({ length: 5 }, () => {
        const startedNs = Bun.nanoseconds();
        taken(subject, 100_000);
        return (Bun.nanoseconds() - startedNs) / 100_000;
      }),
    );
    expect(ns).toBeLessThan(100);
  });
});
