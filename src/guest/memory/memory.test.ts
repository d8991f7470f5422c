import { describe, expect, test } from "bun:test";
import { MachineMemory } from "./machine-memory.ts";
import { NodeMemory } from "./node-memory.ts";
import type { IdleHolder, SiteMemory } from "./site-memory.ts";

const mib = 1024 * 1024;

/** A machine of 1 GiB, of which so much is left, that counts how often it is asked. */
function machineOf(room: { bytes: number; isStalled?: boolean }): {
  machine: MachineMemory;
  looks: () => number;
} {
  let looks = 0;
  const machine = new MachineMemory((path) => {
    if (path === "/proc/self/cgroup") return "0::/a/b\n";
    if (path === "/proc/meminfo") {
      looks++;
      return `MemTotal: 1048576 kB\nMemAvailable:   ${Math.floor(room.bytes / 1024)} kB\n`;
    }
    if (path === "/sys/fs/cgroup/a/memory.max") return "536870912\n";
    if (path === "/sys/fs/cgroup/a/memory.current") return "0\n";
    if (path === "/sys/fs/cgroup/a/memory.pressure")
      return `some avg10=${room.isStalled ? 25 : 0}.00 avg60=0.00\n`;
    return undefined;
  });
  return { machine, looks: () => looks - 1 };
}

function setUp(room = { bytes: 10 ** 12 }): {
  node: NodeMemory;
  clock: { nowMs: number };
  looks: () => number;
  collections: () => number;
} {
  const clock = { nowMs: 0 };
  let collections = 0;
  const { machine, looks } = machineOf(room);
  const node = new NodeMemory({ machine, nowMs: () => clock.nowMs, collect: () => collections++ });
  return { node, clock, looks, collections: () => collections };
}

/** Idle instances of a site, each since when. */
class Shelf implements IdleHolder {
  readonly site: SiteMemory;
  readonly sincesMs: number[];
  readonly bytesEach: number;

  constructor(site: SiteMemory, sincesMs: number[], bytesEach: number) {
    this.site = site;
    this.sincesMs = sincesMs;
    this.bytesEach = bytesEach;
    for (const _ of sincesMs) expect(site.take(bytesEach)).toBe(true);
    site.add(this);
  }

  get idleSinceMs(): number | undefined {
    return this.sincesMs[0];
  }

  evict(): void {
    this.sincesMs.shift();
    this.site.giveBack(this.bytesEach);
  }
}

describe("SiteMemory", () => {
  test("hands out what its limit allows, and again what came back", () => {
    const site = setUp().node.site(100);
    expect([site.take(60), site.take(50), site.take(40), site.take(1)]).toEqual([true, false, true, false]);
    site.giveBack(60);
    expect([site.take(60), site.takenBytes, site.peakBytes]).toEqual([true, 100, 100]);
  });

  test("takes from idle instances first, those that were used longest ago", () => {
    const site = setUp().node.site(100);
    const [a, b] = [new Shelf(site, [1, 4], 20), new Shelf(site, [2, 3], 20)];
    expect(site.take(60)).toBe(true);
    expect([a.sincesMs, b.sincesMs, site.takenBytes]).toEqual([[4], [3], 100]);
    expect(site.take(61)).toBe(false);
  });

  test("leaves the idle instances of others alone", () => {
    const { node } = setUp();
    const [one, other] = [node.site(100), node.site(100)];
    const shelf = new Shelf(other, [1], 100);
    expect([one.take(101), shelf.sincesMs]).toEqual([false, [1]]);
  });

  test("forgets a holder that is gone", () => {
    const site = setUp().node.site(100);
    const shelf = new Shelf(site, [1], 100);
    site.remove(shelf);
    expect([site.take(1), site.idleSinceMs]).toEqual([false, undefined]);
  });
});

describe("NodeMemory", () => {
  test("lets idle instances of all sites go before the machine is full, then refuses", () => {
    const room = { bytes: 400 * mib };
    const { node, clock, collections } = setUp(room);
    const [one, other] = [node.site(1000 * mib), node.site(1000 * mib)];
    const shelves = [new Shelf(one, [1, 2], mib), new Shelf(other, [3], mib)];
    expect(collections()).toBe(0);
    clock.nowMs = 1000;
    room.bytes = 30 * mib;
    expect(one.take(mib)).toBe(true);
    expect([shelves.map((shelf) => shelf.sincesMs), collections()]).toEqual([[[], []], 1]);
    expect(one.take(8 * mib)).toBe(false);
    expect(one.takenBytes).toBe(mib);
  });

  test("lets idle instances go while the machine stalls for memory", () => {
    const room = { bytes: 10 ** 12, isStalled: false };
    const { node, clock } = setUp(room);
    const site = node.site(100 * mib);
    const shelf = new Shelf(site, [1], mib);
    room.isStalled = true;
    clock.nowMs = 2000;
    expect([site.take(mib), shelf.sincesMs]).toEqual([true, []]);
  });

  test("asks the machine when much was handed out or time has passed, and never otherwise", () => {
    const { node, clock, looks } = setUp();
    const site = node.site(1000 * mib);
    for (let i = 0; i < 7; i++) site.take(mib);
    expect(looks()).toBe(2);
    clock.nowMs = 300;
    site.take(1);
    site.take(1);
    expect(looks()).toBe(3);
  });
});

describe("MachineMemory", () => {
  test.each<[what: string, files: Readonly<Record<string, string>>, total: number, room: number]>([
    ["nothing", {}, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ["only the machine", { "/proc/meminfo": "MemTotal: 200 kB\nMemAvailable: 100 kB\n" }, 204_800, 102_400],
    [
      "a limit around the group, with pages of files that can be dropped",
      {
        "/proc/self/cgroup": "0::/outer/inner\n",
        "/sys/fs/cgroup/outer/memory.max": "1000\n",
        "/sys/fs/cgroup/outer/memory.high": "900\n",
        "/sys/fs/cgroup/outer/memory.current": "700\n",
        "/sys/fs/cgroup/outer/memory.stat": "anon 1\ninactive_file 50\nactive_file 7\n",
        "/sys/fs/cgroup/outer/inner/memory.max": "max\n",
      },
      900,
      250,
    ],
    [
      "a container, whose group is the root",
      {
        "/proc/self/cgroup": "0::/\n",
        "/sys/fs/cgroup/memory.max": "500\n",
        "/sys/fs/cgroup/memory.current": "480\n",
      },
      500,
      20,
    ],
    [
      "groups of version 1",
      { "/proc/self/cgroup": "3:memory:/a\n" },
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ],
  ])("finds the room that %s leaves", (_, files, total, room) => {
    const machine = new MachineMemory((path) => files[path]);
    expect([machine.totalBytes, machine.look().roomBytes]).toEqual([total, room]);
  });

  test("finds room on this machine", () => {
    const { roomBytes } = new MachineMemory().look();
    expect(roomBytes).toBeGreaterThan(0);
  });
});
