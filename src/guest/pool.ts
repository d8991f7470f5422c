/**
 * Instances of one module, ready to run. One is made when none is idle, so there are as many as requests
 * are let in at once (that is the routes' business). An instance comes back clean or not at all.
 *
 * At rest nothing ticks: the timer that lets idle instances go is only set while there are some to let go.
 */
import { instanceIdleMs } from "../limits.ts";
import type { CompiledModule } from "./compiled-module.ts";
import { Instance } from "./instance.ts";
import type { MemoryImage } from "./snapshot.ts";
import { type Strategy, StrategyChoice } from "./strategy.ts";

/** What `/v1/status` and `emend inspect` tell about a pool. */
export interface PoolStatus {
  readonly live: number;
  readonly idle: number;
  readonly memoryBytes: number;
  /** Null before the module was compiled. */
  readonly strategy: Strategy | null;
  readonly why: string;
}

/** What routes need of a pool. */
export interface Pool extends Disposable {
  readonly status: PoolStatus;
  acquire(): Instance | Promise<Instance>;
  giveBack(instance: Instance): void;
  preload(): Promise<void>;
}

interface Idle {
  readonly instance: Instance;
  readonly sinceMs: number;
}

export class GuestPool implements Pool {
  readonly #compiled: CompiledModule;
  readonly #choice: StrategyChoice;
  /** Most recently used last, so that those at the front are the ones to let go. */
  readonly #idle: Idle[] = [];
  /** What every instance's memories begin as, when they all begin alike. */
  #images: readonly MemoryImage[] | undefined;
  #live = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;

  constructor(compiled: CompiledModule) {
    this.#compiled = compiled;
    this.#choice = new StrategyChoice(compiled.unrestorable);
  }

  get status(): PoolStatus {
    return {
      live: this.#live,
      idle: this.#idle.length,
      memoryBytes: this.#idle.reduce((sum, each) => sum + each.instance.memoryBytes, 0),
      strategy: this.#choice.strategy,
      why: this.#choice.why,
    };
  }

  /**
   * A clean instance: at once when one is idle. The caller gives it back, whatever happens to its run.
   *
   * @throws EmendError `module.invalid` when no instance can be had.
   */
  acquire(): Instance | Promise<Instance> {
    return this.#idle.pop()?.instance ?? this.#create();
  }

  /** Takes an instance back: it rests for the next run, or is dropped when it cannot be clean. */
  giveBack(instance: Instance): void {
    if (this.#disposed || !this.#restore(instance)) {
      this.#live--;
      return;
    }
    this.#idle.push({ instance, sinceMs: performance.now() });
    if (this.#idle.length > 1) this.#scheduleShrink();
  }

  /** Makes one instance now, so that the first request does not wait for it. */
  async preload(): Promise<void> {
    if (this.#live === 0) this.giveBack(await this.#create());
  }

  /** Lets every idle instance go; the busy ones follow when they come back. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#live -= this.#idle.length;
    this.#idle.length = 0;
    clearTimeout(this.#timer);
  }

  async #create(): Promise<Instance> {
    this.#live++;
    const startMs = performance.now();
    try {
      const instance = await Instance.create(this.#compiled);
      this.#choice.created(performance.now() - startMs);
      if (this.#choice.strategy === "copy" || this.#choice.wantsSample()) this.#snapshot(instance);
      return instance;
    } catch (error) {
      this.#live--;
      throw error;
    }
  }

  #snapshot(instance: Instance): void {
    const images = instance.takeSnapshot(this.#images);
    // What an initialiser did may differ from instance to instance (random seeds, the time).
    if (this.#compiled.initializers.length === 0) this.#images = images;
  }

  #restore(instance: Instance): boolean {
    // With a strategy of "fresh" only an instance that was made to measure has a snapshot to go back to.
    if (this.#choice.strategy === "copy" && !this.#choice.wantsSample()) return instance.restore();
    const startMs = performance.now();
    const restored = instance.restore();
    if (restored) this.#choice.restored(performance.now() - startMs, instance.clearsTouchedOnly);
    return restored;
  }

  /** One instance stays warm for the next request; of the others those go that nobody needed for a while. */
  #scheduleShrink(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const limitMs = performance.now() - instanceIdleMs;
      while (this.#idle.length > 1 && this.#idle[0]!.sinceMs <= limitMs) {
        this.#idle.shift();
        this.#live--;
      }
      if (this.#idle.length > 1) this.#scheduleShrink();
    }, instanceIdleMs);
    this.#timer.unref();
  }
}
