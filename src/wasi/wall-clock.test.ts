import { expect, setSystemTime, test } from "bun:test";
import { wallClockNs, wallClockUs } from "./wall-clock.ts";

test("wallClockUs is the system's time, in whole microseconds", () => {
  const us = wallClockUs();
  expect(Number.isSafeInteger(us)).toBe(true);
  expect(Math.abs(us / 1000 - Date.now())).toBeLessThan(10);
  expect(Number(wallClockNs() / 1000n)).toBeGreaterThanOrEqual(us);
});

test("wallClockUs follows a system whose clock is set, within a second or so", async () => {
  const hour = 3_600_000;
  try {
    setSystemTime(new Date(Date.now() + hour));
    await Bun.sleep(1100);
    expect(Math.abs(wallClockUs() / 1000 - Date.now())).toBeLessThan(10);
    expect(wallClockUs() / 1000 - performance.timeOrigin - performance.now()).toBeGreaterThan(hour - 5000);
  } finally {
    setSystemTime();
    await Bun.sleep(1100);
  }
  expect(Math.abs(wallClockUs() / 1000 - Date.now())).toBeLessThan(10);
});
