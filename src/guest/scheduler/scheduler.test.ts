import { describe, expect, test } from "bun:test";
import { createRandom } from "../../../test/support/random.ts";
import { CpuShare } from "./cpu-share.ts";
import { Scheduler, type Waiter } from "./scheduler.ts";

/** A machine whose clock only moves when guests run, and whose event loop goes around when it is told to. */
class Machine {
  nowMs = 0;
  readonly #due: (() => void)[] = [];
  readonly scheduler: Scheduler = new Scheduler({
    nowMs: () => this.nowMs,
    defer: (turn) => this.#due.push(turn),
  });

  get isAtRest(): boolean {
    return this.#due.length === 0;
  }

  /** One time around the event loop. */
  turn(): void {
    for (const turn of this.#due.splice(0)) turn();
  }
}

/** A guest that wants the thread for a while, in slices, and notes when it had it. */
class SimulatedGuest implements Waiter {
  usedMs = 0;
  turns = 0;
  endedMs: number | undefined;
  expired = false;

  readonly machine: Machine;
  readonly share: CpuShare;
  readonly wantedMs: number;
  readonly deadlineMs: number;

  constructor(
    machine: Machine,
    share: CpuShare,
    wantedMs: number,
    deadlineMs: number = Number.POSITIVE_INFINITY,
  ) {
    this.machine = machine;
    this.share = share;
    this.wantedMs = wantedMs;
    this.deadlineMs = deadlineMs;
  }

  arrive(): void {
    if (this.machine.scheduler.isFree(this.share)) this.takeTurn();
    else this.machine.scheduler.wait(this);
  }

  takeTurn(): boolean {
    const { machine, share } = this;
    const sliceMs = machine.scheduler.begin(share, machine.nowMs);
    const ms = Math.min(sliceMs, this.wantedMs - this.usedMs);
    machine.nowMs += ms;
    this.usedMs += ms;
    this.turns++;
    machine.scheduler.charge(share, ms);
    if (this.usedMs < this.wantedMs) machine.scheduler.wait(this);
    else this.endedMs = machine.nowMs;
    return true;
  }

  expire(): void {
    this.expired = true;
  }
}

/** Guests that never end, one for each weight, and what they got of so many milliseconds. */
function endless(machine: Machine, weights: readonly number[], ms: number): number[] {
  const guests = weights.map(
    (weight) => new SimulatedGuest(machine, new CpuShare(weight), Number.POSITIVE_INFINITY),
  );
  for (const guest of guests) guest.arrive();
  const endMs = machine.nowMs + ms;
  while (machine.nowMs < endMs) machine.turn();
  return guests.map((guest) => guest.usedMs);
}

describe("Scheduler", () => {
  test.each([[[100, 100]], [[100, 300]], [[1, 3, 5]], [[100, 100, 100, 100, 100, 100, 100, 100, 100, 1000]]])(
    "gives sites with shares %j what they are due",
    (weights) => {
      const used = endless(new Machine(), weights, 2000);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      weights.forEach((weight, i) => {
        expect(Math.abs(used[i]! / 2000 / (weight / total) - 1)).toBeLessThan(0.02);
      });
    },
  );

  test("gives a site its share however many guests the other has", () => {
    const machine = new Machine();
    const [many, one] = [new CpuShare(), new CpuShare()];
    const crowd = Array.from({ length: 64 }, () => new SimulatedGuest(machine, many, 1e6));
    const loner = new SimulatedGuest(machine, one, 1e6);
    for (const guest of [...crowd, loner]) guest.arrive();
    while (machine.nowMs < 1000) machine.turn();
    expect(loner.usedMs / machine.nowMs).toBeCloseTo(0.5, 1);
    const turns = crowd.map((guest) => guest.turns);
    expect(Math.max(...turns) - Math.min(...turns)).toBeLessThanOrEqual(2);
  });

  test("gives no credit for time in which a site was idle", () => {
    const machine = new Machine();
    const [busy, idle] = [new CpuShare(), new CpuShare()];
    const first = new SimulatedGuest(machine, busy, 1e6);
    first.arrive();
    while (machine.nowMs < 1000) machine.turn();
    const second = new SimulatedGuest(machine, idle, 1e6);
    second.arrive();
    const before = first.usedMs;
    while (machine.nowMs < 1100) machine.turn();
    expect((first.usedMs - before) / 100).toBeCloseTo(0.5, 1);
  });

  test("keeps what a site that waits has coming, also when one that is ahead begins out of turn", () => {
    const machine = new Machine();
    const [ahead, behind] = [new CpuShare(), new CpuShare(300)];
    const guests = [ahead, behind].map((share) => new SimulatedGuest(machine, share, 1e6));
    for (const guest of guests) machine.scheduler.wait(guest);
    const used = (): number[] => guests.map((guest) => guest.usedMs);
    // An instance is made for it, say.
    machine.scheduler.begin(ahead, machine.nowMs);
    machine.scheduler.charge(ahead, 100);
    machine.scheduler.begin(ahead, machine.nowMs);
    while (machine.nowMs < 200) machine.turn();
    expect(used()[0]).toBeLessThanOrEqual(1);
    while (machine.nowMs < 700) machine.turn();
    expect(used()[0]! / 400).toBeCloseTo(0.25, 1);
  });

  test("lets a short guest of a site that is behind begin at once, whoever waits", () => {
    const machine = new Machine();
    const [spinning, light] = [new CpuShare(), new CpuShare()];
    for (let i = 0; i < 10; i++) new SimulatedGuest(machine, spinning, 1e6).arrive();
    for (let i = 0; i < 20; i++) machine.turn();
    const guest = new SimulatedGuest(machine, light, 0.01);
    guest.arrive();
    expect(guest.endedMs).toBe(machine.nowMs);
  });

  test("makes a guest wait whose site is ahead of one that waits", () => {
    const machine = new Machine();
    const [a, b] = [new CpuShare(), new CpuShare()];
    new SimulatedGuest(machine, a, 1e6).arrive();
    machine.turn();
    expect(machine.scheduler.isFree(a)).toBe(false);
    expect(machine.scheduler.isFree(b)).toBe(true);
    machine.scheduler.charge(b, 100);
    expect(machine.scheduler.isFree(b)).toBe(false);
  });

  test("lets the event loop have its turn when guests that begin have held the thread for long", () => {
    const machine = new Machine();
    const share = new CpuShare();
    const guests = Array.from({ length: 100 }, () => new SimulatedGuest(machine, share, 0.1));
    for (const guest of guests) guest.arrive();
    expect(machine.nowMs).toBeLessThan(2.2);
    let turns = 0;
    for (; guests.some((guest) => guest.endedMs === undefined); turns++) machine.turn();
    expect(turns).toBeGreaterThan(10);
    machine.turn();
    expect(machine.isAtRest).toBe(true);
  });

  test("is at rest when nobody waits and little was used", () => {
    const machine = new Machine();
    for (let i = 0; i < 4; i++) new SimulatedGuest(machine, new CpuShare(), 0.1).arrive();
    expect(machine.isAtRest).toBe(true);
  });

  test("ends the wait of those whose deadline has passed, and of those only", () => {
    const machine = new Machine();
    const share = new CpuShare();
    const spinning = new SimulatedGuest(machine, share, 1e6);
    spinning.arrive();
    const guests = [5, 50, 500].map((ms) => new SimulatedGuest(machine, new CpuShare(1), 1e6, ms));
    for (const guest of guests) machine.scheduler.wait(guest);
    while (machine.nowMs < 60) machine.turn();
    expect(guests.map((guest) => guest.expired)).toEqual([true, true, false]);
    expect(machine.scheduler.remove(guests[0]!)).toBe(false);
    expect(machine.scheduler.remove(guests[2]!)).toBe(true);
  });

  test("shares fairly whatever comes and goes", () => {
    const random = createRandom();
    const machine = new Machine();
    const weights = [50, 100, 300];
    const shares = weights.map((weight) => new CpuShare(weight));
    const constant = shares.map((share) => new SimulatedGuest(machine, share, Number.POSITIVE_INFINITY));
    for (const guest of constant) guest.arrive();
    const guests: SimulatedGuest[] = [...constant];
    const visitors = new CpuShare(1);
    while (machine.nowMs < 3000) {
      const share = random.below(4) === 0 ? visitors : random.pick(shares);
      if (random.below(3) === 0) {
        const guest = new SimulatedGuest(machine, share, random.below(40) / 10);
        guests.push(guest);
        guest.arrive();
      }
      machine.turn();
    }
    const used = shares.map((share) =>
      guests.filter((guest) => guest.share === share).reduce((sum, guest) => sum + guest.usedMs, 0),
    );
    const perWeight = used.map((ms, i) => ms / weights[i]!);
    for (const each of perWeight) {
      if (Math.abs(each / perWeight[0]! - 1) > 0.03) throw new Error(`seed ${random.seed}: ${used}`);
    }
  });
});
