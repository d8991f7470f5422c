/**
 * An instance at work for a site: it runs in slices, waits for its turns, keeps to what its run may use, and is
 * charged for what it used. It is made once and serves run after run; nothing is allocated for a run that ends within
 * its first slice.
 *
 * ```
 *  run ─ begin ──── slice ──── end                          charged for the time between begin and end,
 *                    ├─ slice is over ─ waits for its turn ─ begin …      and between begin and each wait
 *                    └─ waits in a call ─ waits for its turn ─ begin …
 * ```
 * Time counts while the guest has the thread, host calls included: by the wall's clock up to the first wait, since most
 * guests never wait and the thread's own clock takes longer to ask than some of them to run; from there on by the
 * thread's, which stands still while the kernel runs something else.
 */
import { EmendError, invariant } from "../errors.ts";
import { guestGrowthsMax, pageBytes, tableEntryBytes } from "../limits.ts";
import { emptyRun, type Run, type Turns } from "../wasi/index.ts";
import type { CompiledModule } from "./compiled-module.ts";
import { Instance, type Outcome } from "./instance.ts";
import type { SiteMemory } from "./memory/site-memory.ts";
import type { Growth, Meter } from "./meter.ts";
import type { CpuShare } from "./scheduler/cpu-share.ts";
import type { FuelRate } from "./scheduler/fuel-rate.ts";
import type { Scheduler, Waiter } from "./scheduler/scheduler.ts";
import { threadCpuMs } from "./scheduler/thread-clock.ts";
import type { MemoryImage } from "./snapshot.ts";

/** Limits that end a guest. */
export type GuestLimit = "cpu_ms" | "timeout_ms";

/** A run, and what it may use. */
export interface GuestRun extends Run {
  /** Time on the thread. */
  readonly cpuMsMax: number;
  /** Memories, and what tables grow by. */
  readonly memoryBytesMax: number;
  /** When its time is up, on the clock of `performance.now()`; infinite when it never is. */
  readonly deadlineMs: number;
  /** The guest's slice is over: it waits for the next one. */
  onPause(): void;
  /** The guest is past a limit. Whoever is told ends it with `stop`, or moves the deadline. */
  onLimit(limit: GuestLimit): void;
}

/** What the guests of a site share. */
export interface GuestSite {
  readonly scheduler: Scheduler;
  readonly share: CpuShare;
  readonly memory: SiteMemory;
  /** What an instance may use until it is ready to run. */
  readonly initialCpuMsMax: number;
}

/** What a run is charged for at the most up to its first wait: a slice. Above it the kernel had the thread elsewhere. */
const firstStretchMsMax = 1;

export class Guest implements Meter, Turns, Waiter {
  /** Time on the thread that the run has used, as of its last wait or its end. */
  cpuMs = 0;
  /** When it ended, or last waited. */
  endedMs = 0;
  readonly #site: GuestSite;
  readonly #rate: FuelRate;
  /** Undefined while its initialisers run. */
  #instance: Instance | undefined;
  #run: GuestRun = noRun;
  /** Since when it has the thread, on the wall's clock; negative when it has not. */
  #sinceMs = -1;
  /** The same on the thread's clock; negative up to the first wait of a run. */
  #sinceCpuMs = -1;
  #sliceEndMs = 0;
  /** The last grant of fuel, and what the run had used then. */
  #refill = 0;
  #refilledAtMs = 0;
  #stopped = false;
  /** Set while it waits for its turn. */
  #goOn: (() => void) | undefined;
  /** What it has of the site's memory. */
  #takenBytes = 0;
  /** Of that the tables that it begins with: a run may have its `memoryBytesMax` beside them, as memory.grow counts. */
  readonly #ownTableBytes: number;
  /** What the image of it takes, where it shares none. */
  #imageBytes = 0;
  #growths = 0;
  #refusedGrowths = 0;

  private constructor({ tableBytes }: CompiledModule, site: GuestSite, rate: FuelRate) {
    this.#ownTableBytes = tableBytes;
    this.#site = site;
    this.#rate = rate;
  }

  /**
   * A fresh instance, initialised and ready to run. `rate` is that of its module.
   *
   * @throws EmendError `guest.memory` when the site has no room for it; `module.invalid` when its initialisers fail.
   */
  static async create(compiled: CompiledModule, site: GuestSite, rate: FuelRate): Promise<Guest> {
    const guest = new Guest(compiled, site, rate);
    const { memoryBytes, tableBytes } = compiled;
    if (!guest.#take(memoryBytes + tableBytes)) {
      throw new EmendError(
        "guest.memory",
        `${compiled.name}: there is no room for an instance of ${memoryBytes + tableBytes} bytes: the site's guests have ${site.memory.takenBytes} of ${site.memory.limitBytes}`,
      );
    }
    guest.#run = initialRun(guest, site.initialCpuMsMax);
    guest.#begin();
    try {
      guest.#instance = await Instance.create(compiled, { meter: guest, turns: guest });
    } catch (error) {
      guest[Symbol.dispose]();
      throw error;
    } finally {
      guest.#leave();
      guest.#run = noRun;
    }
    return guest;
  }

  get share(): CpuShare {
    return this.#site.share;
  }

  /** Its memories and tables. */
  get memoryBytes(): number {
    return this.#takenBytes;
  }

  /** The same with the image of it, where it shares none: all that it has of the site's memory. */
  get heldBytes(): number {
    return this.#takenBytes + this.#imageBytes;
  }

  /** Growths that the run was refused. */
  get refusedGrowths(): number {
    return this.#refusedGrowths;
  }

  /** Fuel that the run has used. */
  get fuel(): number {
    return this.#instance?.fuelUsed ?? 0;
  }

  /** What the calls of the run cost, in the units of the wasi room's table of costs. */
  get hostCost(): number {
    return this.#instance?.hostCost ?? 0;
  }

  /** Whether `restore` clears only what was ever touched of a memory. */
  get clearsTouchedOnly(): boolean {
    return this.#made.clearsTouchedOnly;
  }

  /** Runs the guest, as `Instance.run` does. The outcome is `stopped` behind a limit. */
  run(run: GuestRun): Outcome | Promise<Outcome> {
    this.#run = run;
    this.cpuMs = 0;
    this.#growths = 0;
    this.#refusedGrowths = 0;
    this.#refilledAtMs = 0;
    this.#sinceCpuMs = -1;
    this.#begin();
    const outcome = this.#made.run(run);
    if (outcome instanceof Promise) return outcome.then(this.#ended);
    this.#leave();
    this.#run = noRun;
    return outcome;
  }

  /** Ends the run that is under way: at once if it waits, otherwise at its next call or charge. */
  stop(): void {
    this.#stopped = true;
    this.#instance?.stop();
    if (this.#site.scheduler.remove(this)) this.#wake();
  }

  takeSnapshot(images?: readonly MemoryImage[]): readonly MemoryImage[] {
    return this.#made.takeSnapshot(images);
  }

  /** Puts it back to its snapshot; false when it cannot be, and has to be dropped. */
  restore(): boolean {
    return this.#made.restore();
  }

  /** Its image is its own. It counts, as far as there is room: the instance is there already. */
  holdsImage(bytes: number): void {
    if (this.#site.memory.take(bytes)) this.#imageBytes = bytes;
  }

  /** Gives its room back. It does not run any more. */
  [Symbol.dispose](): void {
    this.#site.memory.giveBack(this.heldBytes);
    this.#takenBytes = 0;
    this.#imageBytes = 0;
  }

  // Of the meter.

  get sliceFuel(): number {
    return this.#fill();
  }

  spent(): number | Promise<number> {
    const nowMs = performance.now();
    const usedMs = this.cpuMs + nowMs - this.#sinceMs;
    this.#rate.burnt(this.#refill, usedMs - this.#refilledAtMs);
    if (usedMs >= this.#run.cpuMsMax && this.cpuMs + this.#stretchMs(nowMs) >= this.#run.cpuMsMax) {
      this.#run.onLimit("cpu_ms");
      this.stop();
    } else if (nowMs >= this.#run.deadlineMs) this.#run.onLimit("timeout_ms");
    if (this.#stopped) return 0;
    if (nowMs < this.#sliceEndMs) {
      this.#refilledAtMs = usedMs;
      return this.#fill();
    }
    this.#run.onPause();
    return this.#stopped ? 0 : this.#nextSlice();
  }

  mayGrow({ kind, more }: Growth): boolean {
    const bytes = more * (kind === "memory" ? pageBytes : tableEntryBytes);
    const allowed =
      ++this.#growths <= guestGrowthsMax &&
      this.#takenBytes - this.#ownTableBytes + bytes <= this.#run.memoryBytesMax &&
      this.#take(bytes);
    if (!allowed) this.#refusedGrowths++;
    return allowed;
  }

  // Of turns.

  left(): void {
    this.#leave();
  }

  comeBack(): Promise<void> | undefined {
    if (!this.#site.scheduler.isFree(this.share)) return this.#turn();
    this.#sinceCpuMs = threadCpuMs();
    this.#begin();
    return undefined;
  }

  worked(): void {
    if (this.#sinceMs >= 0) this.#instance?.endSlice();
  }

  // Of waiting.

  get deadlineMs(): number {
    return this.#run.deadlineMs;
  }

  takeTurn(): boolean {
    this.#sinceCpuMs = threadCpuMs();
    this.#begin();
    this.#wake();
    return false;
  }

  expire(): void {
    this.#run.onLimit("timeout_ms");
    if (this.#stopped) this.#wake();
    else this.#site.scheduler.wait(this);
  }

  get #made(): Instance {
    invariant(this.#instance !== undefined, "a guest runs when it is made");
    return this.#instance;
  }

  /** The guest is suspended behind the call that this answers; copying its stack is charged as well. */
  async #nextSlice(): Promise<number> {
    queueMicrotask(this.#settle);
    await this.#turn();
    if (this.#stopped) return 0;
    this.#refilledAtMs = this.cpuMs;
    return this.#fill();
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#goOn = resolve;
      this.#site.scheduler.wait(this);
    });
  }

  #wake(): void {
    const goOn = this.#goOn;
    this.#goOn = undefined;
    goOn?.();
  }

  #fill(): number {
    this.#refill = this.#rate.refill;
    return this.#refill;
  }

  #begin(): void {
    const nowMs = performance.now();
    this.#sinceMs = nowMs;
    this.#sliceEndMs = nowMs + this.#site.scheduler.begin(this.share, nowMs);
  }

  /** What it has used since it has the thread. */
  #stretchMs(nowMs: number): number {
    if (this.#sinceCpuMs >= 0) return threadCpuMs() - this.#sinceCpuMs;
    return Math.min(nowMs - this.#sinceMs, firstStretchMsMax);
  }

  readonly #settle = (): void => this.#leave();

  #leave(): void {
    const nowMs = performance.now();
    this.endedMs = nowMs;
    if (this.#sinceMs < 0) return;
    const ms = this.#stretchMs(nowMs);
    this.#sinceMs = -1;
    this.cpuMs += ms;
    this.#site.scheduler.charge(this.share, ms);
  }

  readonly #ended = (outcome: Outcome): Outcome => {
    this.#leave();
    this.#run = noRun;
    return outcome;
  };

  #take(bytes: number): boolean {
    if (!this.#site.memory.take(bytes)) return false;
    this.#takenBytes += bytes;
    return true;
  }
}

/** Between runs. */
const noRun: GuestRun = {
  ...emptyRun,
  cpuMsMax: Number.POSITIVE_INFINITY,
  memoryBytesMax: Number.POSITIVE_INFINITY,
  deadlineMs: Number.POSITIVE_INFINITY,
  onPause: noop,
  onLimit: noop,
};

/** What initialisers may use. Nobody waits for them but the request that needs the instance. */
function initialRun(guest: Guest, cpuMsMax: number): GuestRun {
  return { ...noRun, cpuMsMax, onLimit: () => guest.stop() };
}

function noop(): void {
  // Nobody is to be told.
}
