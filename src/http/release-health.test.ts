import { describe, expect, test } from "bun:test";
import { clientsCountedMax } from "../limits.ts";
import { ReleaseHealth } from "./release-health.ts";

describe("ReleaseHealth", () => {
  test("counts requests, failures, clients and times", () => {
    const health = new ReleaseHealth();
    for (let i = 0; i < 100; i++) {
      health.began(i % 7);
      health.ended(i === 5, i < 98 ? 1 : 200);
    }
    health.ended(false, undefined);
    const { p50Ms, p99Ms, ...counts } = health.status;
    expect(counts).toEqual({ requests: 101, failures: 1, clients: 7 });
    expect([Math.floor(p50Ms), Math.floor(p99Ms / 100)]).toEqual([1, 2]);
    health.reset();
    expect(health.status).toEqual({ requests: 0, failures: 0, clients: 0, p50Ms: 0, p99Ms: 0 });
  });

  test("counts no more clients than it has room for", () => {
    const health = new ReleaseHealth();
    for (let i = 0; i < clientsCountedMax * 2; i++) health.began(i);
    expect(health.status.clients).toBe(clientsCountedMax);
  });

  test("tells of failures after the request that failed, once for all that fail together", async () => {
    const health = new ReleaseHealth();
    let told = 0;
    health.changed = () => told++;
    for (let i = 0; i < 10; i++) health.ended(true, 1);
    expect(told).toBe(0);
    await Promise.resolve();
    expect(told).toBe(1);
    health.ended(true, 1);
    await Promise.resolve();
    expect(told).toBe(2);
  });

  test("tells of successes now and then, and of nothing when nobody listens any more", async () => {
    const health = new ReleaseHealth();
    let told = 0;
    health.changed = () => told++;
    for (let i = 0; i < 640; i++) {
      health.ended(false, 1);
      await Promise.resolve();
    }
    expect(told).toBe(10);
    health.ended(true, 1);
    health.changed = undefined;
    await Promise.resolve();
    expect(told).toBe(10);
  });
});
