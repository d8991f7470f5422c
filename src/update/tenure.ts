/**
 * Which releases of a site are alive: the one that runs, the one before it that stands by while it is watched, and one
 * on trial beside it. Moves between them are immediate; whether they may be made is decided elsewhere.
 */
import type { CanaryStatus, HealthCounts, WatchStatus } from "../admin/index.ts";
import type { CanaryConfig, WatchConfig } from "../config/index.ts";
import { canaryWindowsMax } from "../limits.ts";
import type { Release } from "../release/index.ts";
import type { CanaryRecord } from "../store/index.ts";
import type { Clock } from "./clock.ts";
import type { ReadyHealth, ReadyRelease, SiteLane } from "./site-lane.ts";
import { type FinalVerdict, Trial } from "./trial.ts";
import { canaryVerdict, watchVerdict } from "./verdict.ts";

/** A release that is prepared on the lane: it answers, stands by, or could. */
export interface Live<Ready> {
  readonly release: Release;
  readonly ready: Ready;
}

/** What comes back when the running release turns out worse. */
export interface Watch<Ready> {
  readonly trial: Trial;
  readonly standby: Live<Ready>;
}

/** What answers a part of the requests. */
export interface Canary<Ready> {
  readonly trial: Trial;
  readonly live: Live<Ready>;
  readonly record: CanaryRecord;
  readonly sequence: number;
}

export interface TenureOptions<Ready extends ReadyRelease> {
  readonly lane: SiteLane<Ready>;
  readonly clock: Clock;
  readonly watch: WatchConfig;
  readonly canary: CanaryConfig;
  /** Told the verdict on a watch that is still on. Whatever it does about it, it does later. */
  readonly watched: (watch: Watch<Ready>, verdict: FinalVerdict) => void;
  readonly tried: (canary: Canary<Ready>, verdict: FinalVerdict) => void;
}

export class Tenure<Ready extends ReadyRelease> implements Disposable {
  readonly #options: TenureOptions<Ready>;
  #running: Live<Ready>;
  #watch: Watch<Ready> | undefined;
  #canary: Canary<Ready> | undefined;

  constructor(running: Live<Ready>, options: TenureOptions<Ready>) {
    this.#running = running;
    this.#options = options;
  }

  get running(): Live<Ready> {
    return this.#running;
  }

  get watch(): Watch<Ready> | undefined {
    return this.#watch;
  }

  get canary(): Canary<Ready> | undefined {
    return this.#canary;
  }

  /** All that hold on to their contents. */
  get alive(): Release[] {
    const others = [this.#watch?.standby, this.#canary?.live].filter((live) => live !== undefined);
    return [this.#running, ...others].map(({ release }) => release);
  }

  /** From now on `next` answers. Ends the watch. Returns what ran before, and how long nobody answered, milliseconds. */
  swap(next: Live<Ready>): { readonly before: Live<Ready>; readonly ms: number } {
    this.#endWatch(next);
    const startMs = performance.now();
    const ready = this.#options.lane.commit(next.ready);
    const ms = performance.now() - startMs;
    const before = { release: this.#running.release, ready };
    this.#running = next;
    return { before, ms };
  }

  /** Watches what runs for as long as the operator wants; `standby` ran before. */
  startWatch(standby: Live<Ready>): void {
    const { lane, clock, watch: rule, watched } = this.#options;
    if (rule.windowMs === 0) {
      lane.discard(standby.ready);
      return;
    }
    const before = standby.ready.recentFailures();
    const { ready } = this.#running;
    const watch: Watch<Ready> = {
      standby,
      trial: new Trial({
        clock,
        windowMs: rule.windowMs,
        windowsMax: 1,
        probe: () => lane.probe(ready),
        judge: () => watchVerdict(ready.health(), before, rule),
        undecided: { kind: "good" },
        observe: (look) => lane.observe(look),
        ended: (verdict) => {
          if (this.#watch === watch) watched(watch, verdict);
        },
      }),
    };
    this.#watch = watch;
  }

  /** It went well: the release before is not needed any more. */
  passWatch(): void {
    this.#endWatch();
  }

  /** `live` answers a part of the requests; ends the watch of what runs. */
  startCanary(live: Live<Ready>, record: CanaryRecord, sequence: number): void {
    this.#endWatch();
    const { lane, clock, canary: rule, tried } = this.#options;
    const stable = this.#running.ready;
    lane.startCanary(live.ready, {
      percent: record.percent,
      key: Uint8Array.fromHex(record.key),
      cookie: record.cookie,
    });
    const canary: Canary<Ready> = {
      live,
      record,
      sequence,
      trial: new Trial({
        clock,
        windowMs: rule.windowMs,
        windowsMax: canaryWindowsMax,
        probe: () => lane.probe(live.ready),
        judge: (over) => canaryVerdict(live.ready.health(), stable.health(), rule, over),
        undecided: {
          kind: "worse",
          reason: `after ${canaryWindowsMax} windows it still has too few requests or clients for a verdict`,
        },
        observe: (look) => lane.observe(look),
        ended: (verdict) => {
          if (this.#canary === canary) tried(canary, verdict);
        },
      }),
    };
    this.#canary = canary;
  }

  /** Ends the trial; its release answers nobody until it is swapped in or discarded. */
  endCanary(canary: Canary<Ready>): void {
    canary.trial[Symbol.dispose]();
    this.#options.lane.endCanary();
    this.#canary = undefined;
  }

  watchStatus(): WatchStatus | null {
    if (this.#watch === undefined) return null;
    const { trial, standby } = this.#watch;
    return {
      release: this.#running.release.digest,
      before: standby.release.digest,
      startedAt: instant(trial.startedMs),
      endsAt: instant(trial.endsMs),
      health: countsOf(this.#running.ready.health()),
    };
  }

  canaryStatus(
    { live, record, sequence, trial }: Canary<Ready>,
    state: CanaryStatus["state"],
    reason: string | null,
  ): CanaryStatus {
    return {
      state,
      release: record.digest,
      sequence,
      before: this.#running.release.digest,
      percent: record.percent,
      startedAt: instant(record.startedMs),
      endsAt: instant(trial.endsMs),
      health: { canary: countsOf(live.ready.health()), before: countsOf(this.#running.ready.health()) },
      reason,
    };
  }

  [Symbol.dispose](): void {
    this.#watch?.trial[Symbol.dispose]();
    this.#canary?.trial[Symbol.dispose]();
  }

  /** What stands by goes, unless it is what comes next. */
  #endWatch(next?: Live<Ready>): void {
    const watch = this.#watch;
    this.#watch = undefined;
    if (watch === undefined) return;
    watch.trial[Symbol.dispose]();
    if (watch.standby !== next) this.#options.lane.discard(watch.standby.ready);
  }
}

function countsOf({ requests, failures, clients, p50Ms, p99Ms }: ReadyHealth): HealthCounts {
  const isEmpty = requests === 0;
  return { requests, failures, clients, p50Ms: isEmpty ? null : p50Ms, p99Ms: isEmpty ? null : p99Ms };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
