import { describe, expect, test } from "bun:test";
import { guestSite } from "../../test/support/guest-site.ts";
import { kitGuest } from "../../test/support/guests.ts";
import { runGuest } from "../../test/support/run-guest.ts";
import { compileCommand } from "./compiled-module.ts";
import { LazyPool } from "./lazy-pool.ts";

const compiled = await compileCommand(kitGuest("c-hello"), "c-hello");

/** A pool whose module comes, or fails to, when the test says so. */
function pending(): { pool: LazyPool; loads: () => number; settle: (error?: Error) => void } {
  let loads = 0;
  let waiting = Promise.withResolvers<typeof compiled>();
  const pool = new LazyPool(() => {
    loads++;
    waiting = Promise.withResolvers();
    return waiting.promise;
  }, guestSite());
  const settle = (error?: Error): void =>
    error === undefined ? waiting.resolve(compiled) : waiting.reject(error);
  return { pool, loads: () => loads, settle };
}

describe("LazyPool", () => {
  test("compiles nothing before it is asked, and says so", () => {
    const { pool, loads } = pending();
    expect(pool.status).toMatchObject({
      live: 0,
      idle: 0,
      strategy: null,
      why: expect.stringContaining("not compiled"),
    });
    expect(loads()).toBe(0);
  });

  test("compiles once for all who ask while it does, and hands out instances like any pool", async () => {
    const { pool, loads, settle } = pending();
    const asked = Promise.all([pool.acquire(), pool.acquire(), pool.preload()]);
    settle();
    const [one, other] = await asked;
    expect([loads(), one === other, pool.status.live]).toEqual([1, false, 2]);
    expect((await runGuest(one)).outcome).toEqual({ kind: "exit", code: 0 });
    pool.giveBack(one);
    expect([pool.status.idle, pool.acquire() === one, loads()]).toEqual([1, true, 1]);
    pool[Symbol.dispose]();
  });

  test("tells everybody who waited of a failure, and tries again for the next", async () => {
    const { pool, loads, settle } = pending();
    const asked = [pool.acquire(), pool.acquire()].map((each) =>
      Promise.resolve(each).catch((error: Error) => error.message),
    );
    settle(new Error("no"));
    expect(await Promise.all(asked)).toEqual(["no", "no"]);
    const again = pool.preload();
    settle();
    await again;
    expect([loads(), pool.status.live]).toEqual([2, 1]);
    pool[Symbol.dispose]();
  });

  test("disposed while it compiles, it keeps nothing of what it hands out late", async () => {
    const { pool, settle } = pending();
    const asked = pool.acquire();
    pool[Symbol.dispose]();
    settle();
    pool.giveBack(await asked);
    expect([pool.status.live, pool.status.idle]).toEqual([0, 0]);
  });
});
