/**
 * A site that is updated: what lives of it, what its journal says, and the steps that all changes of it share. What a
 * change is lies elsewhere, one file a kind: `takePatch`, `rollBack`, `Canaries`, `replaceBase`, `giveUpDamaged`.
 */
import type { CanaryConfig, WatchConfig } from "../config/index.ts";
import { EmendError } from "../errors.ts";
import type { Release } from "../release/index.ts";
import type { Clock } from "./clock.ts";
import type { SiteKeys } from "./incoming-patch.ts";
import type { Journal } from "./journal.ts";
import type { Mirror } from "./mirror.ts";
import type { Notices } from "./notices.ts";
import { prepareRelease } from "./preparation.ts";
import type { ReadyRelease, SiteLane } from "./site-lane.ts";
import { baseOf, type SiteReleases } from "./site-releases.ts";
import type { Live, Tenure } from "./tenure.ts";
import { Turns } from "./turns.ts";
import type { UpdateThread } from "./update-thread.ts";

/** How the operator wants a site to be updated. */
export interface UpdateRules {
  readonly keys: SiteKeys;
  readonly keepReleases: number;
  readonly watch: WatchConfig;
  readonly canary: CanaryConfig;
}

export interface UpdatedSiteOptions<Ready extends ReadyRelease> {
  readonly site: string;
  readonly nodeId: string;
  readonly rules: UpdateRules;
  readonly lane: SiteLane<Ready>;
  readonly thread: UpdateThread;
  readonly journal: Journal;
  readonly releases: SiteReleases;
  readonly tenure: Tenure<Ready>;
  readonly notices: Notices;
  readonly clock: Clock;
}

/** Why a release was changed for another one, and by whom. */
export interface Cause {
  readonly actor: string;
  readonly reason: string;
}

/** From which release to which, and where that leads to. */
export interface Step {
  readonly from: string;
  readonly to: string;
  readonly sequence: number;
  readonly generation: number;
}

export class UpdatedSite<Ready extends ReadyRelease> {
  readonly name: string;
  readonly nodeId: string;
  readonly rules: UpdateRules;
  readonly lane: SiteLane<Ready>;
  readonly thread: UpdateThread;
  readonly journal: Journal;
  readonly releases: SiteReleases;
  readonly tenure: Tenure<Ready>;
  readonly notices: Notices;
  readonly clock: Clock;
  /** Whatever swaps, or changes the journal, does so in its turn. */
  readonly turns: Turns = new Turns();
  /** Local releases before the journal began: nobody else counts them. */
  #uncounted = 0;
  /** What is being kept in the background. */
  #keeping: Promise<void> = Promise.resolve();

  constructor(options: UpdatedSiteOptions<Ready>) {
    this.name = options.site;
    this.nodeId = options.nodeId;
    this.rules = options.rules;
    this.lane = options.lane;
    this.thread = options.thread;
    this.journal = options.journal;
    this.releases = options.releases;
    this.tenure = options.tenure;
    this.notices = options.notices;
    this.clock = options.clock;
  }

  /** Digest of the release that runs. */
  get running(): string {
    return this.tenure.running.release.digest;
  }

  get journaled(): Mirror {
    return this.releases.journaled;
  }

  /** How often another release came to run. */
  get generation(): number {
    return this.journaled.generation + this.#uncounted;
  }

  /** Resolves when what was to be kept is. */
  get kept(): Promise<void> {
    return this.#keeping;
  }

  /**
   * Opens the journal of a site that was never updated: it learns what the site begins from, and is asked whether
   * another node was here after this one was started.
   */
  async begin(): Promise<void> {
    const { held, journaled } = this.releases;
    if (journaled.base !== null) return;
    const mirror = await this.journal.begin(baseOf(held.base));
    if ((mirror.running ?? held.base.digest) !== this.running) {
      throw new EmendError(
        "store.failed",
        `the state directory was used by another node since this one was started: it says that ${mirror.running} runs, ` +
          `here it is ${this.running}; start this node again`,
      );
    }
    this.releases.follow(mirror);
  }

  /** A kept release. One that the disk has not kept is given up. */
  async open(digest: string): Promise<Release> {
    try {
      return await this.releases.open(digest, this.thread);
    } catch (error) {
      if (error instanceof EmendError && error.code === "store.failed") {
        this.releases.follow(await this.journal.change("dropDamaged", digest));
      }
      throw error;
    }
  }

  /** Makes a release ready beside the one that runs. Throws `module.*`, `site.*`, `update.failed`. */
  prepare(release: Release): Promise<Live<Ready>> {
    return prepareRelease(release, this.tenure.running.release, this.lane, this.thread);
  }

  /** Does what may fail before a prepared release answers; then it is let go of. */
  async orDiscard<T>(live: Live<Ready> | undefined, step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      if (live !== undefined) this.lane.discard(live.ready);
      throw error;
    }
  }

  /** Counts a release that the journal does not, since it has not begun. */
  countLocal(): void {
    this.#uncounted++;
  }

  /** Logs that another release answers, and says where that leads to. */
  step(from: string, to: string): Step {
    const { sequence } = this.journaled;
    const { generation } = this;
    this.notices.changed(from, to, sequence, generation);
    return { from, to, sequence, generation };
  }

  /** In the background: contents follow to the disk, and what nobody needs goes. */
  settle(): void {
    this.#keeping = this.#keeping.then(() => this.#keep());
  }

  /** Throws `busy`: whether the canary stays is to be known before anything else changes. */
  refuseDuringCanary(): void {
    const { canary } = this.tenure;
    if (canary === undefined) return;
    throw new EmendError(
      "busy",
      `${canary.record.digest} is on trial: promote it, abort it, or wait for the verdict`,
    );
  }

  /** Throws `release.bad`. */
  refuseBad(digest: string, insist: boolean): void {
    if (insist || !this.journaled.bad.includes(digest)) return;
    throw new EmendError(
      "release.bad",
      `${digest} was rolled back from; insist if it is to run all the same`,
    );
  }

  /** Resolves when the change under way is over and what was made is kept. No verdict is given after that. */
  async stop(): Promise<void> {
    this.tenure[Symbol.dispose]();
    this.notices[Symbol.dispose]();
    await this.turns.close();
    await this.kept;
  }

  async #keep(): Promise<void> {
    try {
      if (this.journaled.base !== null) this.releases.follow(await this.releases.held.keep());
    } catch (error) {
      this.notices.problem(error, "contents of releases were not kept yet, their patches are");
    }
    this.releases.prune(this.tenure.alive);
  }
}
