/**
 * Instances of one module, ready to run. One is made when none is idle, so there are as many as requests
 * are let in at once (that is the routes' business). An instance comes back clean or not at all.
 *
 * At rest nothing ticks: the timer that lets idle instances go is only set while there are some to let go.
 */
import { instanceIdleMs } from "../limits.ts";
import type { CompiledModule } from "./compiled-module.ts";
import { Guest, type GuestSite } from "./guest.ts";
import type { IdleHolder } from "./memory/site-memory.ts";
import { FuelRate } from "./scheduler/fuel-rate.ts";
import { imageBytes, type MemoryImage } from "./snapshot.ts";
import { type Strategy, StrategyChoice } from "./strategy.ts";

/** What `/v1/status` and `emend inspect` tell about a pool. */
export interface PoolStatus {
  readonly live: number;
  readonly idle: number;
  /** Of the idle ones, and of the images that they are put back to. */
  readonly memoryBytes: number;
  /** Null before the module was compiled. */
  readonly strategy: Strategy | null;
  readonly why: string;
}

/** What routes need of a pool. */
export interface Pool extends Disposable {
  readonly status: PoolStatus;
  acquire(): Guest | Promise<Guest>;
  giveBack(guest: Guest): void;
  preload(): Promise<void>;
  /** No requests are expected: idle instances go now, and busy ones when they come back. */
  rest(): void;
  /** Requests are expected again. */
  wake(): void;
}

interface Idle {
  readonly guest: Guest;
  readonly sinceMs: number;
}

/** From here on putting an instance back takes long enough to be worth looking at the clock for. */
const chargedBytesMin: number = 512 * 1024;

export class GuestPool implements Pool, IdleHolder {
  readonly #compiled: CompiledModule;
  readonly #site: GuestSite;
  readonly #choice: StrategyChoice;
  readonly #rate = new FuelRate();
  /** Most recently used last, so that those at the front are the ones to let go. */
  readonly #idle: Idle[] = [];
  /** What every instance's memories begin as, when they all begin alike. */
  #images: readonly MemoryImage[] | undefined;
  #imageBytes = 0;
  #live = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #resting = false;

  constructor(compiled: CompiledModule, site: GuestSite) {
    this.#compiled = compiled;
    this.#site = site;
    this.#choice = new StrategyChoice(compiled.unrestorable);
    site.memory.add(this);
  }

  get status(): PoolStatus {
    return {
      live: this.#live,
      idle: this.#idle.length,
      memoryBytes: this.#idle.reduce((sum, { guest }) => sum + guest.heldBytes, this.#imageBytes),
      strategy: this.#choice.strategy,
      why: this.#choice.why,
    };
  }

  /**
   * A clean guest: at once when one is idle. The caller gives it back, whatever happens to its run.
   *
   * @throws EmendError `guest.memory` when its site has no room for another, `module.invalid` when none can be had.
   */
  acquire(): Guest | Promise<Guest> {
    return this.#idle.pop()?.guest ?? this.#create();
  }

  /** Takes a guest back: it rests for the next run, or is dropped when it cannot be clean. */
  giveBack(guest: Guest): void {
    if (this.#resting || !this.#restore(guest)) {
      this.#drop(guest);
      return;
    }
    this.#idle.push({ guest, sinceMs: performance.now() });
    if (this.#idle.length > 1) this.#scheduleShrink();
  }

  /** Makes one instance now, so that the first request does not wait for it. */
  async preload(): Promise<void> {
    if (this.#live === 0) this.giveBack(await this.#create());
  }

  get idleSinceMs(): number | undefined {
    return this.#idle[0]?.sinceMs;
  }

  evict(): void {
    const idle = this.#idle.shift();
    if (idle !== undefined) this.#drop(idle.guest);
  }

  rest(): void {
    this.#resting = true;
    while (this.#idle.length > 0) this.evict();
    this.#site.memory.giveBack(this.#imageBytes);
    this.#imageBytes = 0;
    this.#images = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  wake(): void {
    this.#resting = false;
  }

  [Symbol.dispose](): void {
    this.rest();
    this.#site.memory.remove(this);
  }

  #drop(guest: Guest): void {
    this.#live--;
    guest[Symbol.dispose]();
  }

  async #create(): Promise<Guest> {
    this.#live++;
    const startMs = performance.now();
    try {
      const guest = await Guest.create(this.#compiled, this.#site, this.#rate);
      this.#choice.created(performance.now() - startMs);
      if (this.#choice.strategy === "copy" || this.#choice.wantsSample()) this.#snapshot(guest);
      return guest;
    } catch (error) {
      this.#live--;
      throw error;
    }
  }

  #snapshot(guest: Guest): void {
    const images = guest.takeSnapshot(this.#images);
    // What an initialiser did may differ from instance to instance (random seeds, the time).
    if (this.#compiled.initializers.length > 0) {
      guest.holdsImage(images.reduce((sum, image) => sum + imageBytes(image), 0));
      return;
    }
    if (this.#images !== undefined || this.#resting) return;
    const bytes = images.reduce((sum, image) => sum + imageBytes(image), 0);
    // Without room for it each instance has one of its own, which goes with it.
    if (!this.#site.memory.take(bytes)) return;
    this.#images = images;
    this.#imageBytes = bytes;
  }

  #restore(guest: Guest): boolean {
    // With a strategy of "fresh" only an instance that was made to measure has a snapshot to go back to.
    const isMeasured = this.#choice.strategy !== "copy" || this.#choice.wantsSample();
    if (!isMeasured && guest.memoryBytes < chargedBytesMin) return guest.restore();
    const startMs = performance.now();
    const restored = guest.restore();
    const ms = performance.now() - startMs;
    this.#site.scheduler.charge(this.#site.share, ms);
    if (restored && isMeasured) this.#choice.restored(ms, guest.clearsTouchedOnly);
    return restored;
  }

  /** One instance stays warm for the next request; of the others those go that nobody needed for a while. */
  #scheduleShrink(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const limitMs = performance.now() - instanceIdleMs;
      while (this.#idle.length > 1 && this.#idle[0]!.sinceMs <= limitMs) this.evict();
      if (this.#idle.length > 1) this.#scheduleShrink();
    }, instanceIdleMs);
    this.#timer.unref();
  }
}
