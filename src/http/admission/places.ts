/**
 * The places of a site: how many of its requests hold a guest at once, and who waits for one. Each route has a line of
 * its own.
 *
 * A place that gets free goes to the route that holds the fewest, so that a slow route cannot keep the others waiting;
 * the first in its line takes it. When too many wait, whoever has waited longest in the longest line is turned away: it
 * has the least time left to be answered in, its client is the likeliest to have given up, and a flood on one route
 * pushes out only its own. At rest there is no timer; while somebody waits there is one, for those whose time is up.
 */
import type { Call } from "../call.ts";
import { clientGone, type Refusal, refusal } from "./refusal.ts";

/** A route's part of the places. */
export interface Line {
  /** Requests of this route that hold a place, */
  held: number;
  /** of at most so many. */
  readonly heldMax: number;
  /** Whoever has waited longest first. */
  readonly waiters: Set<Waiter>;
  /** Asked when a waiter's turn has come: undefined lets it in. */
  readonly letIn: (call: Call) => Refusal | undefined;
  /** A waiter was turned away: the lines were too long, or its time was up. */
  readonly shed: () => void;
}

/** Somebody who waits. */
export interface Waiter {
  readonly call: Call;
  /** When it is too late. */
  readonly deadlineMs: number;
  /** Since when, as a number that grows. */
  readonly order: number;
  /** Ends the wait. */
  readonly settle: (refused: Refusal | undefined) => void;
}

export interface PlacesLimits {
  /** Requests that hold a place. */
  readonly connectionsMax: number;
  /** Requests that wait. */
  readonly pendingMax: number;
}

export class Places {
  readonly #limits: PlacesLimits;
  /** Lines in which somebody waits. */
  readonly #lines = new Set<Line>();
  #held = 0;
  #waiting = 0;
  #order = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerMs = Number.POSITIVE_INFINITY;

  constructor(limits: PlacesLimits) {
    this.#limits = limits;
  }

  get held(): number {
    return this.#held;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Takes a place if there is one. Nobody who could have it waits then: they are let in as places get free. */
  take(line: Line): boolean {
    if (line.held >= line.heldMax || this.#held >= this.#limits.connectionsMax) return false;
    line.held++;
    this.#held++;
    return true;
  }

  /** Gives a place back, and lets in whoever can have it. */
  leave(line: Line): void {
    line.held--;
    this.#held--;
    if (this.#waiting > 0) this.#fill();
  }

  /** Waits for a place until `deadlineMs`. Resolves with why there is none, or undefined with a place. */
  wait(line: Line, call: Call, deadlineMs: number): Promise<Refusal | undefined> {
    const { signal } = call.request;
    if (signal.aborted) return Promise.resolve(clientGone);
    return new Promise((resolve) => {
      const onGone = (): void => this.#remove(line, waiter, clientGone);
      const waiter: Waiter = {
        call,
        deadlineMs,
        order: this.#order++,
        settle: (refused) => {
          signal.removeEventListener("abort", onGone);
          resolve(refused);
        },
      };
      signal.addEventListener("abort", onGone);
      this.#add(line, waiter);
    });
  }

  #add(line: Line, waiter: Waiter): void {
    line.waiters.add(waiter);
    this.#lines.add(line);
    this.#waiting++;
    if (this.#waiting > this.#limits.pendingMax) this.#shedOldest();
    if (waiter.deadlineMs < this.#timerMs && this.#waiting > 0) this.#arm(waiter.deadlineMs);
  }

  #remove(line: Line, waiter: Waiter, refused: Refusal | undefined): void {
    if (!line.waiters.delete(waiter)) return;
    if (line.waiters.size === 0) this.#lines.delete(line);
    this.#waiting--;
    if (this.#waiting === 0) this.#disarm();
    waiter.settle(refused);
  }

  /** The first of the longest line goes; of several as long, the one that has waited longest. */
  #shedOldest(): void {
    let longest: Line | undefined;
    for (const line of this.#lines) {
      const difference = line.waiters.size - (longest?.waiters.size ?? 0);
      if (difference > 0 || (difference === 0 && firstOf(line).order < firstOf(longest!).order))
        longest = line;
    }
    longest!.shed();
    this.#remove(longest!, firstOf(longest!), tooMany(this.#limits.pendingMax));
  }

  /** Fills free places. */
  #fill(): void {
    while (this.#held < this.#limits.connectionsMax) {
      const line = this.#next();
      if (line === undefined) return;
      const waiter = firstOf(line);
      const refused = line.letIn(waiter.call);
      if (refused === undefined) this.take(line);
      this.#remove(line, waiter, refused);
    }
  }

  /** The line whose first is next: of those with room, the one that holds the fewest places. */
  #next(): Line | undefined {
    let next: Line | undefined;
    for (const line of this.#lines) {
      if (line.held >= line.heldMax) continue;
      const difference = line.held - (next?.held ?? Number.POSITIVE_INFINITY);
      if (difference < 0 || (difference === 0 && firstOf(line).order < firstOf(next!).order)) next = line;
    }
    return next;
  }

  #arm(atMs: number): void {
    clearTimeout(this.#timer);
    this.#timerMs = atMs;
    this.#timer = setTimeout(() => this.#expire(), Math.max(0, atMs - performance.now()));
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerMs = Number.POSITIVE_INFINITY;
  }

  /** Turns away those whose time is up. */
  #expire(): void {
    this.#disarm();
    const nowMs = performance.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const line of [...this.#lines]) {
      for (const waiter of [...line.waiters]) {
        if (waiter.deadlineMs > nowMs) {
          nextMs = Math.min(nextMs, waiter.deadlineMs);
          continue;
        }
        line.shed();
        this.#remove(line, waiter, refusal(503, "no place got free in time", 0));
      }
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#arm(nextMs);
  }
}

function firstOf(line: Line): Waiter {
  const [first] = line.waiters;
  return first!;
}

function tooMany(pendingMax: number): Refusal {
  return refusal(503, `over ${pendingMax} requests wait for a guest, this one the longest`, 0);
}
