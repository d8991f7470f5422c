import { afterEach, describe, expect, jest, test } from "bun:test";
import { assembleText } from "../../test/support/assemble-text.ts";
import { guestSite } from "../../test/support/guest-site.ts";
import { kitGuest, ownGuest } from "../../test/support/guests.ts";
import { runGuest } from "../../test/support/run-guest.ts";
import { EmendError } from "../errors.ts";
import { instanceIdleMs } from "../limits.ts";
import { compileCommand } from "./compiled-module.ts";
import type { Guest } from "./guest.ts";
import { GuestPool } from "./pool.ts";

const hello = await compileCommand(kitGuest("c-hello"), "c-hello");

const acquireAll = (pool: GuestPool, count: number): Promise<Guest[]> =>
  Promise.all(Array.from({ length: count }, () => pool.acquire()));

const counts = ({ status }: GuestPool): [live: number, idle: number] => [status.live, status.idle];

afterEach(() => {
  jest.useRealTimers();
});

describe("GuestPool", () => {
  test("makes nothing before it is asked, and one instance for request after request", async () => {
    using pool = new GuestPool(hello, guestSite());
    expect(counts(pool)).toEqual([0, 0]);
    const first = await pool.acquire();
    expect(counts(pool)).toEqual([1, 0]);
    for (let i = 0; i < 10; i++) {
      await runGuest(first);
      pool.giveBack(first);
      expect([counts(pool), pool.acquire() === first]).toEqual([[1, 1], true]);
    }
  });

  test("grows to as many as are wanted at once, all different", async () => {
    using pool = new GuestPool(hello, guestSite());
    const instances = await acquireAll(pool, 12);
    expect([new Set(instances).size, counts(pool)]).toEqual([12, [12, 0]]);
    for (const each of instances) pool.giveBack(each);
    expect(counts(pool)).toEqual([12, 12]);
    // All of them begin alike: with the one block of 4 KiB that is not zero.
    expect(pool.status.memoryBytes).toBe(instances.reduce((sum, each) => sum + each.memoryBytes, 4096));
    expect(pool.acquire()).toBe(instances[11]!);
  });

  test("lets those go that nobody needed for a while, least recently used first, but for one", async () => {
    using pool = new GuestPool(hello, guestSite());
    const instances = await acquireAll(pool, 4);
    jest.useFakeTimers();
    for (const each of instances) pool.giveBack(each);
    jest.advanceTimersByTime(instanceIdleMs - 1000);
    const busy = pool.acquire() as Guest;
    expect(busy).toBe(instances[3]!);
    pool.giveBack(busy);
    jest.advanceTimersByTime(1000);
    expect(counts(pool)).toEqual([1, 1]);
    expect(pool.acquire()).toBe(busy);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("keeps those that were used since", async () => {
    using pool = new GuestPool(hello, guestSite());
    const instances = await acquireAll(pool, 3);
    jest.useFakeTimers();
    for (const each of instances) pool.giveBack(each);
    jest.advanceTimersByTime(instanceIdleMs - 1000);
    const again = [pool.acquire(), pool.acquire()] as Guest[];
    for (const each of again) pool.giveBack(each);
    jest.advanceTimersByTime(1000);
    expect(counts(pool)).toEqual([2, 2]);
    jest.advanceTimersByTime(instanceIdleMs);
    expect([counts(pool), jest.getTimerCount()]).toEqual([[1, 1], 0]);
  });

  test("sets no timer while one instance is enough", async () => {
    using pool = new GuestPool(hello, guestSite());
    const instance = await pool.acquire();
    jest.useFakeTimers();
    for (let i = 0; i < 5; i++) {
      pool.giveBack(instance);
      pool.acquire();
    }
    expect(jest.getTimerCount()).toBe(0);
  });

  test("drops instances that cannot be clean again", async () => {
    using pool = new GuestPool(await compileCommand(await ownGuest("grower"), "grower"), guestSite());
    const instance = await pool.acquire();
    await runGuest(instance, { env: { QUERY_STRING: "pages=1" } });
    pool.giveBack(instance);
    expect(counts(pool)).toEqual([0, 0]);
    const next = await pool.acquire();
    expect(next).not.toBe(instance);
    expect((await runGuest(next, { env: { QUERY_STRING: "pages=1" } })).stdout).toContain("grow=ok");
  });

  test("never uses a module's instance twice that changes what cannot be put back", async () => {
    for (const name of ["table-set", "table-grow", "elem-drop", "data-drop"]) {
      using pool = new GuestPool(await compileCommand(await ownGuest(name), name), guestSite());
      const seen = new Set<Guest>();
      // With many memories about, the engine collects garbage for each new one: few rounds say as much.
      for (let i = 0; i < 16; i++) {
        const instance = await pool.acquire();
        seen.add(instance);
        expect((await runGuest(instance)).stdout).toEndWith("clean\n");
        pool.giveBack(instance);
      }
      expect([name, seen.size, pool.status.strategy, pool.status.live]).toEqual([name, 16, "fresh", 0]);
      expect(pool.status.why).toMatch(/^it (changes|drops) /);
    }
  }, 60_000);

  test("preload makes one instance, and none where there is one", async () => {
    using pool = new GuestPool(hello, guestSite());
    await pool.preload();
    await pool.preload();
    expect(counts(pool)).toEqual([1, 1]);
  });

  test("keeps nothing while it rests, and begins anew when it is woken", async () => {
    const site = guestSite();
    using pool = new GuestPool(hello, site);
    const [idle, busy] = await acquireAll(pool, 2);
    await runGuest(idle!);
    pool.giveBack(idle!);
    pool.rest();
    expect(counts(pool)).toEqual([1, 0]);
    await runGuest(busy!);
    pool.giveBack(busy!);
    expect([counts(pool), site.memory.takenBytes]).toEqual([[0, 0], 0]);
    const late = await pool.acquire();
    pool.giveBack(late);
    expect([counts(pool), site.memory.takenBytes]).toEqual([[0, 0], 0]);
    pool.wake();
    const next = await pool.acquire();
    await runGuest(next);
    pool.giveBack(next);
    expect([counts(pool), site.memory.takenBytes]).toEqual([[1, 1], pool.status.memoryBytes]);
  });

  test("once disposed keeps nothing, also of what comes back late", async () => {
    const pool = new GuestPool(hello, guestSite());
    const [busy, idle] = (await acquireAll(pool, 2)) as [Guest, Guest];
    pool.giveBack(idle);
    pool[Symbol.dispose]();
    expect(counts(pool)).toEqual([1, 0]);
    expect((await runGuest(busy)).outcome).toEqual({ kind: "exit", code: 0 });
    pool.giveBack(busy);
    expect(counts(pool)).toEqual([0, 0]);
  });

  test("tells when a module cannot be instantiated, and counts no instance for it", async () => {
    const bytes = await assembleText(
      '(module (func (export "_initialize") unreachable) (func (export "_start")))',
    );
    using pool = new GuestPool(await compileCommand(bytes, "broken.wasm"), guestSite());
    for (let i = 0; i < 3; i++) {
      const error = await Promise.resolve(pool.acquire()).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(EmendError);
      expect(error).toMatchObject({ code: "module.invalid" });
      expect((error as Error).message).toStartWith("broken.wasm: it could not be instantiated: ");
      expect(counts(pool)).toEqual([0, 0]);
    }
  });

  test("measures, chooses and says so", async () => {
    using pool = new GuestPool(hello, guestSite());
    for (let i = 0; i < 6; i++) {
      const instance = await pool.acquire();
      await runGuest(instance);
      pool.giveBack(instance);
    }
    expect(pool.status.why).toMatch(/^putting back takes [\d.]+ µs, a new instance [\d.]+ µs$/);
  });
});
