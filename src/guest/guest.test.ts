import { describe, expect, test } from "bun:test";
import { guestSite } from "../../test/support/guest-site.ts";
import { kitGuest, ownGuest } from "../../test/support/guests.ts";
import { runGuest } from "../../test/support/run-guest.ts";
import { guestMemoryPagesMax, guestTableEntriesMax } from "../limits.ts";
import { type CompiledModule, compileCommand } from "./compiled-module.ts";
import { Guest, type GuestLimit, type GuestSite } from "./guest.ts";
import { GuestPool } from "./pool.ts";
import { FuelRate } from "./scheduler/fuel-rate.ts";

const mib = 1024 * 1024;

const compile = (bytes: Uint8Array, name: string): Promise<CompiledModule> =>
  compileCommand(bytes, name, {
    limits: { memoryPagesMax: guestMemoryPagesMax, tableEntriesMax: guestTableEntriesMax },
  });
const [spin, membomb, hello] = await Promise.all(
  ["c-spin", "c-membomb", "c-hello"].map((name) => compile(kitGuest(name), name)),
);

const make = (compiled: CompiledModule | undefined, site: GuestSite = guestSite()): Promise<Guest> =>
  Guest.create(compiled!, site, new FuelRate());
const asked = (query: string): { env: Record<string, string> } => ({ env: { QUERY_STRING: query } });

/** Runs a loop without end that is stopped as soon as it meets a limit; which ones it met. */
async function endless(
  guest: Guest,
  limits: { cpuMsMax?: number; deadlineMs?: number },
): Promise<{ met: GuestLimit[]; outcome: string }> {
  const met: GuestLimit[] = [];
  const { outcome } = await runGuest(guest, asked("0"), {
    ...limits,
    onLimit: (limit) => {
      met.push(limit);
      guest.stop();
    },
  });
  return { met, outcome: outcome.kind };
}

describe("Guest", () => {
  test("runs in slices, between which timers fire, and is charged for what it ran", async () => {
    const site = guestSite();
    const guest = await make(spin, site);
    let [pauses, timers] = [0, 0];
    const timer = setInterval(() => timers++, 1);
    const used = site.share.usedMs;
    const { stdout, outcome } = await runGuest(guest, asked("30000000"), { onPause: () => pauses++ });
    clearInterval(timer);
    expect([outcome, stdout.includes("spun 30000000")]).toEqual([{ kind: "exit", code: 0 }, true]);
    expect(pauses).toBeGreaterThan(10);
    expect(timers).toBeGreaterThan(5);
    expect(guest.cpuMs).toBeGreaterThan(10);
    expect(site.share.usedMs - used).toBeCloseTo(guest.cpuMs, 3);
    expect(guest.fuel).toBeGreaterThan(30_000_000);
  });

  test("waits for nothing when it ends within its first slice", async () => {
    const guest = await make(hello);
    let pauses = 0;
    const { outcome } = await runGuest(guest, {}, { onPause: () => pauses++ });
    expect([outcome, pauses]).toEqual([{ kind: "exit", code: 0 }, 0]);
  });

  test("ends when it is over its CPU time, and has then used little more", async () => {
    const guest = await make(spin);
    expect(await endless(guest, { cpuMsMax: 20 })).toEqual({ met: ["cpu_ms"], outcome: "stopped" });
    expect(guest.cpuMs).toBeGreaterThanOrEqual(20);
    expect(guest.cpuMs).toBeLessThan(40);
  });

  test("ends at its deadline, also while it waits for its turn behind others", async () => {
    const site = guestSite();
    const guests = await Promise.all(Array.from({ length: 8 }, () => make(spin, site)));
    const deadlineMs = performance.now() + 100;
    for (const each of await Promise.all(guests.map((guest) => endless(guest, { deadlineMs }))))
      expect(each).toEqual({ met: ["timeout_ms"], outcome: "stopped" });
    expect(performance.now()).toBeGreaterThanOrEqual(deadlineMs);
  });

  test("ends when it is stopped while it waits for its turn", async () => {
    const guest = await make(spin);
    setTimeout(() => guest.stop(), 20);
    expect(await endless(guest, {})).toEqual({ met: [], outcome: "stopped" });
    expect(guest.restore()).toBe(false);
  });

  test("grows to what its run may have and no further, and the next run to what that may have", async () => {
    const site = guestSite();
    for (const memoryBytesMax of [4 * mib, 2 * mib]) {
      const guest = await make(membomb, site);
      const { stdout } = await runGuest(guest, {}, { memoryBytesMax });
      const bytes = Number(/end_bytes=(\d+)/.exec(stdout)?.[1]);
      expect(bytes).toBeLessThanOrEqual(memoryBytesMax);
      expect(bytes).toBeGreaterThan(memoryBytesMax - 2 * 65_536);
      expect([guest.memoryBytes >= bytes, guest.refusedGrowths > 0]).toEqual([true, true]);
      guest[Symbol.dispose]();
    }
    expect([site.memory.takenBytes, site.memory.peakBytes > 3 * mib]).toEqual([0, true]);
  });

  test("grows to what its site has left", async () => {
    const site = guestSite(3 * mib);
    const first = await make(membomb, site);
    await runGuest(first, {}, {});
    expect(site.memory.takenBytes).toBeLessThanOrEqual(3 * mib);
    await expect(make(membomb, site)).rejects.toMatchObject({
      code: "guest.memory",
      message: expect.stringContaining("c-membomb: there is no room for an instance of"),
    });
    first[Symbol.dispose]();
    expect((await make(membomb, site)).memoryBytes).toBeGreaterThan(0);
  });

  test("is ended while its calls do nothing but cost time", async () => {
    const cat = await compile(await ownGuest("stdio"), "stdio");
    const guest = await make(cat);
    const met: GuestLimit[] = [];
    const { outcome } = await runGuest(
      guest,
      { args: ["stdio", "do=spin"], ...asked("do=spin") },
      {
        cpuMsMax: 20,
        onLimit: (limit) => met.push(limit),
      },
    );
    expect([met, outcome.kind]).toEqual([["cpu_ms"], "stopped"]);
  });
});

describe("GuestPool", () => {
  test("lets idle instances of its site go for one that is wanted", async () => {
    const site = guestSite(1 * mib);
    using helloPool = new GuestPool(hello!, site);
    using bombPool = new GuestPool(membomb!, site);
    const idle = await Promise.all(Array.from({ length: 5 }, () => helloPool.acquire()));
    for (const guest of idle) helloPool.giveBack(guest);
    expect(helloPool.status.idle).toBe(5);
    const others = await Promise.all(Array.from({ length: 4 }, () => bombPool.acquire()));
    expect(helloPool.status.idle).toBeLessThan(5);
    expect(site.memory.takenBytes).toBeLessThanOrEqual(1 * mib);
    for (const guest of others) bombPool.giveBack(guest);
  });

  test("gives everything back in the end", async () => {
    const site = guestSite();
    const pool = new GuestPool(hello!, site);
    const guests = await Promise.all([pool.acquire(), pool.acquire()]);
    pool.giveBack(guests[0]);
    pool[Symbol.dispose]();
    pool.giveBack(guests[1]);
    expect([site.memory.takenBytes, pool.status.live]).toEqual([0, 0]);
  });
});
