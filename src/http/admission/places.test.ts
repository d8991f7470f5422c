import { describe, expect, test } from "bun:test";
import { createRandom } from "../../../test/support/random.ts";
import type { Call } from "../call.ts";
import { type Line, Places, type Waiter } from "./places.ts";
import type { Refusal } from "./refusal.ts";

/** A line that lets everybody in whose turn it is, unless it is `shut`. */
class TestLine implements Line {
  held = 0;
  readonly heldMax: number;
  readonly waiters: Set<Waiter> = new Set();
  shut: Refusal | undefined;
  sheds = 0;

  constructor(heldMax: number) {
    this.heldMax = heldMax;
  }

  letIn(): Refusal | undefined {
    return this.shut;
  }

  shed(): void {
    this.sheds++;
  }
}

interface TestCall {
  readonly call: Call;
  readonly leave: () => void;
}

function makeCall(): TestCall {
  const controller = new AbortController();
  const call: Call = {
    request: new Request("http://h.test/", { signal: controller.signal }),
    target: { authority: "h.test", path: "/", query: "", scheme: "http" },
    address: () => "",
    keepOpen: () => {},
    ended: () => {},
    ...{ startedMs: 0, route: null, guestMs: undefined, bytes: 0, bytesIn: 0, tally: null, ticket: 0 },
    ...{
      failure: undefined,
      reason: undefined,
      streams: false,
      localRedirect: undefined,
      isProbe: false,
      blame: undefined,
    },
  };
  return { call, leave: () => controller.abort() };
}

/** Takes a place or waits; what became of it is written down under `name`. */
class Scene {
  readonly ends: string[] = [];
  readonly places: Places;

  constructor(connectionsMax: number, pendingMax: number) {
    this.places = new Places({ connectionsMax, pendingMax });
  }

  ask(name: string, line: TestLine, waitMs = 60_000, { call }: TestCall = makeCall()): void {
    if (this.places.take(line)) this.ends.push(`${name} in`);
    else {
      this.places
        .wait(line, call, performance.now() + waitMs)
        .then((refused) => this.ends.push(`${name} ${refused === undefined ? "in" : refused.status}`));
    }
  }

  /** What happened since the last time. */
  async news(): Promise<string[]> {
    await Promise.resolve();
    await Promise.resolve();
    return this.ends.splice(0);
  }
}

describe("Places", () => {
  test("are the site's and the route's, whichever are fewer", async () => {
    const scene = new Scene(3, 10);
    const [a, b] = [new TestLine(2), new TestLine(5)];
    for (const name of ["a1", "a2", "a3"]) scene.ask(name, a);
    for (const name of ["b1", "b2"]) scene.ask(name, b);
    expect(await scene.news()).toEqual(["a1 in", "a2 in", "b1 in"]);
    expect([scene.places.held, scene.places.waiting]).toEqual([3, 2]);
  });

  test("go to the first in line", async () => {
    const scene = new Scene(1, 10);
    const line = new TestLine(9);
    for (const name of ["1", "2", "3"]) scene.ask(name, line);
    scene.places.leave(line);
    expect(await scene.news()).toEqual(["1 in", "2 in"]);
    scene.places.leave(line);
    scene.places.leave(line);
    expect(await scene.news()).toEqual(["3 in"]);
    expect([line.held, scene.places.held, scene.places.waiting]).toEqual([0, 0, 0]);
  });

  test("go to the route that holds the fewest, and among those to who has waited longest", async () => {
    const scene = new Scene(3, 10);
    const [slow, quick, other] = [new TestLine(9), new TestLine(9), new TestLine(9)];
    for (const name of ["s1", "s2", "s3", "s4", "s5"]) scene.ask(name, slow);
    for (const name of ["q1", "q2"]) scene.ask(name, quick);
    scene.ask("o1", other);
    await scene.news();
    for (const expected of ["q1 in", "o1 in", "s4 in"]) {
      scene.places.leave(slow);
      expect(await scene.news()).toEqual([expected]);
    }
    scene.places.leave(other);
    expect(await scene.news()).toEqual(["s5 in"]);
  });

  test("are not kept from others by a route that is full itself", async () => {
    const scene = new Scene(2, 10);
    const [full, free] = [new TestLine(1), new TestLine(9)];
    for (const name of ["f1", "f2", "f3"]) scene.ask(name, full);
    scene.ask("x1", free);
    scene.ask("x2", free);
    expect(await scene.news()).toEqual(["f1 in", "x1 in"]);
    scene.places.leave(free);
    expect(await scene.news()).toEqual(["x2 in"]);
  });

  test("turn away the oldest of the longest line when too many wait", async () => {
    const scene = new Scene(1, 3);
    const [flood, calm] = [new TestLine(9), new TestLine(9)];
    scene.ask("f0", flood);
    scene.ask("c1", calm);
    for (const name of ["f1", "f2", "f3", "f4"]) scene.ask(name, flood);
    expect(await scene.news()).toEqual(["f0 in", "f1 503", "f2 503"]);
    expect([flood.sheds, calm.sheds, scene.places.waiting]).toEqual([2, 0, 3]);
    scene.ask("c2", calm);
    scene.ask("c3", calm);
    expect(await scene.news()).toEqual(["c1 503", "f3 503"]);
  });

  test("let nobody wait where nobody may", async () => {
    const scene = new Scene(1, 0);
    const line = new TestLine(1);
    scene.ask("1", line);
    scene.ask("2", line);
    expect(await scene.news()).toEqual(["1 in", "2 503"]);
    expect([line.sheds, scene.places.waiting]).toEqual([1, 0]);
  });

  test("forget whoever goes away, at once and also before waiting", async () => {
    const scene = new Scene(1, 10);
    const line = new TestLine(1);
    const [gone, early] = [makeCall(), makeCall()];
    scene.ask("1", line);
    scene.ask("gone", line, 60_000, gone);
    scene.ask("3", line);
    gone.leave();
    early.leave();
    scene.ask("early", line, 60_000, early);
    expect(await scene.news()).toEqual(["1 in", "gone 400", "early 400"]);
    scene.places.leave(line);
    expect([await scene.news(), line.sheds]).toEqual([["3 in"], 0]);
  });

  test("turn away each at its own time, whoever came first", async () => {
    const scene = new Scene(1, 10);
    const [a, b] = [new TestLine(1), new TestLine(1)];
    scene.ask("held", a);
    scene.ask("a late", a, 120);
    scene.ask("a soon", a, 40);
    scene.ask("b now", b, -5);
    scene.ask("b never", b, 60_000);
    await Bun.sleep(80);
    expect(await scene.news()).toEqual(["held in", "b now 503", "a soon 503"]);
    await Bun.sleep(100);
    expect(await scene.news()).toEqual(["a late 503"]);
    expect([a.sheds, b.sheds, scene.places.waiting]).toEqual([2, 1, 1]);
    scene.places.leave(a);
    expect(await scene.news()).toEqual(["b never in"]);
  });

  test("pass over a line that lets nobody in any more", async () => {
    const scene = new Scene(1, 10);
    const [shut, open] = [new TestLine(9), new TestLine(9)];
    scene.ask("held", open);
    for (const name of ["s1", "s2"]) scene.ask(name, shut);
    scene.ask("o1", open);
    shut.shut = { status: 503, retryAfterS: 1, reason: "", blame: false };
    await scene.news();
    scene.places.leave(open);
    expect(await scene.news()).toEqual(["s1 503", "s2 503", "o1 in"]);
    expect([shut.held, open.held, scene.places.held]).toEqual([0, 1, 1]);
  });

  test("come out even whatever happens (fuzzed)", async () => {
    const random = createRandom();
    const [connectionsMax, pendingMax] = [1 + random.below(6), random.below(8)];
    const places = new Places({ connectionsMax, pendingMax });
    const lines = Array.from({ length: 4 }, () => new TestLine(1 + random.below(4)));
    const inside: TestLine[] = [];
    const waiting = new Set<TestCall>();
    let asked = 0;
    let settled = 0;
    const check = (): void => {
      const counts = [
        places.held === lines.reduce((sum, line) => sum + line.held, 0),
        places.waiting === lines.reduce((sum, line) => sum + line.waiters.size, 0),
        places.held <= connectionsMax && places.waiting <= pendingMax,
        lines.every((line) => line.held >= 0 && line.held <= line.heldMax),
        // No place stays empty while somebody could have it.
        places.held === connectionsMax ||
          lines.every((line) => line.waiters.size === 0 || line.held === line.heldMax),
      ];
      expect([random.seed, asked, ...counts]).toEqual([random.seed, asked, true, true, true, true, true]);
    };
    for (let step = 0; step < 5000; step++) {
      const line = random.pick(lines);
      const what = random.below(10);
      if (what < 5) {
        asked++;
        const call = makeCall();
        if (places.take(line)) {
          settled++;
          inside.push(line);
        } else {
          waiting.add(call);
          places.wait(line, call.call, performance.now() + random.below(20) - 2).then((refused) => {
            settled++;
            waiting.delete(call);
            if (refused === undefined) inside.push(line);
          });
        }
      } else if (what < 8 && inside.length > 0) {
        places.leave(inside.splice(random.below(inside.length), 1)[0]!);
      } else if (what === 8 && waiting.size > 0) random.pick([...waiting]).leave();
      else if (random.below(50) === 0) await Bun.sleep(1);
      check();
      if (random.below(4) === 0) await Promise.resolve();
    }
    for (let turn = 0; settled < asked || inside.length > 0; turn++) {
      await Bun.sleep(1);
      for (const line of inside.splice(0)) places.leave(line);
      check();
      expect([random.seed, turn < 1000]).toEqual([random.seed, true]);
    }
    expect([places.held, places.waiting, settled]).toEqual([0, 0, asked]);
  });
});
