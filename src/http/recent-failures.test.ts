import { expect, test } from "bun:test";
import { RecentFailures } from "./recent-failures.ts";

test("RecentFailures counts a few requests exactly", () => {
  const recent = new RecentFailures();
  for (let i = 0; i < 1000; i++) recent.add(i % 4 === 0);
  expect([recent.requests, recent.failures]).toEqual([1000, 250]);
});

test("RecentFailures forgets a good past soon", () => {
  const recent = new RecentFailures();
  for (let i = 0; i < 10_000_000; i++) recent.add(false);
  for (let i = 0; i < 50_000; i++) recent.add(i % 2 === 0);
  expect(recent.requests).toBeLessThan(16_384);
  expect(recent.requests).toBeGreaterThanOrEqual(8192);
  expect(recent.failures / recent.requests).toBeGreaterThan(0.45);
});
