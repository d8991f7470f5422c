/**
 * Who has the thread. A guest whose slice is spent waits here for its next turn, and so does one that comes while
 * others wait. Sites share by start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996): each has a clock that runs
 * with the time that its guests use, slower the larger its share is, and the one that is furthest behind is next.
 * A site that was idle starts at the time of whoever ran last: what it did not use is gone. Within a site turns go
 * around.
 *
 * ```
 *  event loop ─ turn: one guest, one slice ─ sockets, timers, admin ─ turn ─ …
 * ```
 * Turns are only taken while somebody waits. Nothing here knows WebAssembly or the engine's clock.
 */
import type { CpuShare } from "./cpu-share.ts";

/** Somebody who waits for the thread. */
export interface Waiter {
  readonly share: CpuShare;
  /** When waiting is of no use any more; infinite if it always is. */
  readonly deadlineMs: number;
  /** It is its turn. True when it has had it, and charged what it used; false when it runs as soon as this returns. */
  readonly takeTurn: () => boolean;
  /** Its deadline has passed. It waits no longer. */
  readonly expire: () => void;
}

/** What the scheduler needs of the machine. */
export interface Surroundings {
  readonly nowMs: () => number;
  /** Calls back when the event loop has been around once. */
  readonly defer: (turn: () => void) => void;
}

/** How long a guest runs before the event loop has its turn. */
const sliceMs = 1;

/** How long while guests of several sites ask for the thread: each waits that much less for the others. */
const sharedSliceMs = 0.25;

/** So long after the thread went from one site to another it counts as asked for by several. */
const sharedForMs = 20;

/** How long guests that begin may hold the thread, all of them together, before the event loop has its turn. */
const beginningMsMax = 2;

/** From here on it is found out when the event loop had its turn: below it would cost more than it tells. */
const countedMsMin = 0.5;

export class Scheduler {
  readonly #surroundings: Surroundings;
  /** Shares for which somebody waits. */
  readonly #waiting = new Set<CpuShare>();
  readonly #turn = (): void => this.#aroundTheLoop();
  /** Where a share begins that was idle. */
  #virtualMs = 0;
  #last: CpuShare | undefined;
  #sharedUntilMs = 0;
  /** What guests used since the event loop had its turn. */
  #usedMs = 0;
  #isDue = false;
  /** No waiter's deadline is before this. */
  #nextDeadlineMs = Number.POSITIVE_INFINITY;

  constructor(surroundings: Surroundings = engine) {
    this.#surroundings = surroundings;
  }

  /** Whether a guest may have the thread at once: nobody who is behind waits, and the event loop had its turn. */
  isFree(share: CpuShare): boolean {
    if (this.#usedMs >= beginningMsMax) return false;
    if (this.#waiting.size === 0) return true;
    if (share.waiters.size > 0) return false;
    const startMs = Math.max(share.virtualMs, this.#virtualMs);
    for (const other of this.#waiting) if (other.virtualMs < startMs) return false;
    return true;
  }

  /** A guest has the thread from now on; answers for how long. */
  begin(share: CpuShare, nowMs: number): number {
    if (share.virtualMs < this.#virtualMs) share.virtualMs = this.#virtualMs;
    this.#advance(share);
    if (this.#last !== share) {
      if (this.#last !== undefined) this.#sharedUntilMs = nowMs + sharedForMs;
      this.#last = share;
    }
    return nowMs < this.#sharedUntilMs ? sharedSliceMs : sliceMs;
  }

  /** Time goes on to where this share is, but never past one that waits: what that has coming would be lost. */
  #advance({ virtualMs }: CpuShare): void {
    let nowMs = virtualMs;
    for (const each of this.#waiting) if (each.virtualMs < nowMs) nowMs = each.virtualMs;
    if (nowMs > this.#virtualMs) this.#virtualMs = nowMs;
  }

  /** What a guest has used. */
  charge(share: CpuShare, ms: number): void {
    share.charge(ms);
    this.#usedMs += ms;
    if (this.#usedMs > countedMsMin) this.#arm();
  }

  /** Puts somebody behind the others of its share. */
  wait(waiter: Waiter): void {
    const { share } = waiter;
    share.waiters.add(waiter);
    this.#waiting.add(share);
    if (waiter.deadlineMs < this.#nextDeadlineMs) this.#nextDeadlineMs = waiter.deadlineMs;
    this.#arm();
  }

  /** Takes somebody out who does not have to wait any more; false if it does not wait. */
  remove(waiter: Waiter): boolean {
    const { share } = waiter;
    if (!share.waiters.delete(waiter)) return false;
    if (share.waiters.size === 0) this.#waiting.delete(share);
    return true;
  }

  #arm(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#surroundings.defer(this.#turn);
  }

  #aroundTheLoop(): void {
    this.#isDue = false;
    this.#usedMs = 0;
    if (this.#waiting.size === 0) return;
    const nowMs = this.#surroundings.nowMs();
    if (nowMs >= this.#nextDeadlineMs) this.#expire(nowMs);
    // Those that begin are mostly short: several of them fit into one turn.
    let isOver = false;
    while (!isOver && this.#usedMs < sharedSliceMs) isOver = !this.#runNext();
    if (this.#waiting.size > 0) this.#arm();
  }

  /** Whether the turn can go on behind it. */
  #runNext(): boolean {
    const share = this.#furthestBehind();
    if (share === undefined) return false;
    const [next] = share.waiters;
    this.remove(next!);
    return next!.takeTurn();
  }

  #furthestBehind(): CpuShare | undefined {
    let found: CpuShare | undefined;
    for (const share of this.#waiting)
      if (found === undefined || share.virtualMs < found.virtualMs) found = share;
    return found;
  }

  #expire(nowMs: number): void {
    let nextMs = Number.POSITIVE_INFINITY;
    const late: Waiter[] = [];
    for (const share of this.#waiting) {
      for (const waiter of share.waiters) {
        if (waiter.deadlineMs <= nowMs) late.push(waiter);
        else if (waiter.deadlineMs < nextMs) nextMs = waiter.deadlineMs;
      }
    }
    this.#nextDeadlineMs = nextMs;
    for (const waiter of late) if (this.remove(waiter)) waiter.expire();
  }
}

const engine: Surroundings = {
  nowMs: () => performance.now(),
  defer: (turn) => setImmediate(turn),
};
