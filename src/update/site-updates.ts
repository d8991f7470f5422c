/**
 * The updates of one site: the only way from the release that runs to the next one (release-and-patch, "Order of an
 * update"). It lives on the serving thread and does nothing there that takes long.
 *
 * What is seen to here is who may change the site when, and that it is written down. What comes while a change is under
 * way is told `busy`; a patch that is still being uploaded stands in nobody's way; what the node decides by itself waits
 * for its turn. What the changes do lies in `takePatch`, `rollBack`, `Canaries`, `replaceBase` and `giveUpDamaged`.
 */
import type {
  ApplyOptions,
  CanaryStatus,
  ControlOptions,
  RollbackOptions,
  SiteControl,
  SiteUpdateStatus,
  UpdateResult,
  Upload,
} from "../admin/index.ts";
import { EmendError } from "../errors.ts";
import type { ListedFile, Release } from "../release/index.ts";
import { Canaries } from "./canaries.ts";
import { giveUpDamaged } from "./give-up-damaged.ts";
import { PatchIntake } from "./patch-intake.ts";
import { type LocalEvent, replaceBase } from "./replace-base.ts";
import { endWatch, rollBack } from "./roll-back.ts";
import type { ReadyRelease } from "./site-lane.ts";
import { type Live, Tenure } from "./tenure.ts";
import { UpdatedSite, type UpdatedSiteOptions } from "./updated-site.ts";

export interface SiteUpdatesOptions<Ready extends ReadyRelease>
  extends Omit<UpdatedSiteOptions<Ready>, "tenure"> {
  readonly running: Live<Ready>;
}

const byOperator = "the operator asked for it";

export class SiteUpdates<Ready extends ReadyRelease> implements SiteControl {
  readonly site: string;
  readonly #site: UpdatedSite<Ready>;
  readonly #intake: PatchIntake<Ready>;
  readonly #canaries: Canaries<Ready>;

  constructor(options: SiteUpdatesOptions<Ready>) {
    // Without what runs first: only its tenure has it, since it is to be free when something else runs.
    const { running, ...others } = options;
    const { site, lane, clock, rules } = others;
    const tenure = new Tenure(running, {
      lane,
      clock,
      watch: rules.watch,
      canary: rules.canary,
      watched: (watch, verdict) => void endWatch(this.#site, watch, verdict),
      tried: (canary, verdict) => void this.#canaries.decide(canary, verdict),
    });
    this.site = site;
    this.#site = new UpdatedSite({ ...others, tenure });
    this.#intake = new PatchIntake(this.#site);
    this.#canaries = new Canaries(this.#site);
  }

  async apply(upload: Upload, options: ApplyOptions): Promise<UpdateResult> {
    return await this.#site.notices.audited("patch", options.actor, (about) =>
      this.#intake.accept(upload, options, about),
    );
  }

  async rollback({ release, insist, actor }: RollbackOptions): Promise<UpdateResult> {
    const site = this.#site;
    return await site.notices.audited("rollback", actor, (about) =>
      site.turns.orRefuse(async () => {
        site.refuseDuringCanary();
        const to = release ?? site.releases.before(site.running);
        about.release = to ?? null;
        if (to === undefined) {
          throw new EmendError(
            "release.unknown",
            "the node was started with what runs: there is nothing before it",
          );
        }
        if (to === site.running) throw new EmendError("release.unknown", `${to} is the release that runs`);
        site.refuseBad(to, insist);
        return await rollBack(site, to, insist, { actor, reason: byOperator });
      }),
    );
  }

  async canary(verdict: "promote" | "abort", { actor }: ControlOptions): Promise<CanaryStatus> {
    const { notices, turns, tenure } = this.#site;
    return await notices.audited(`canary.${verdict}`, actor, (about) =>
      turns.orRefuse(async () => {
        const { canary } = tenure;
        if (canary === undefined) throw new EmendError("canary.none", "no release of this site is on trial");
        about.release = canary.record.digest;
        return await this.#canaries.end(canary, verdict, { actor, reason: byOperator });
      }),
    );
  }

  async lowerFloor(to: number, { actor }: ControlOptions): Promise<void> {
    const site = this.#site;
    await site.notices.audited("floor", actor, (about) =>
      site.turns.orRefuse(async () => {
        about.detail = `from ${site.journaled.floor} to ${to}`;
        await site.begin();
        site.releases.follow(await site.journal.change("lowerFloor", to));
      }),
    );
  }

  /**
   * Puts a release in place that came from this machine and not as a patch: the site begins from it now.
   *
   * @throws EmendError `module.*`, `site.*`, `probe.failed`, `busy` during a canary, `store.*`.
   */
  async replaceBase(release: Release, event: LocalEvent): Promise<void> {
    await this.#site.turns.inTurn(() => replaceBase(this.#site, release, event));
  }

  /** Does it because somebody asked: what was served is read again, and told by this checksum. */
  async reload(release: Release, checksum: string, actor: string): Promise<void> {
    await this.#site.notices.audited("reload", actor, async (about) => {
      about.release = release.digest;
      if (release.digest === this.#site.running) return;
      await this.replaceBase(release, { event: "reloaded", checksum, actor });
    });
  }

  status(): SiteUpdateStatus {
    const { running, generation, turns, tenure, journaled } = this.#site;
    const { sequence, floor } = journaled;
    return {
      site: this.site,
      release: running,
      sequence,
      floor,
      generation,
      busy: this.#intake.isReceiving || turns.isBusy,
      watch: tenure.watchStatus(),
      canary: this.#canaries.status(),
      releases: this.releases(),
    };
  }

  releases(): SiteUpdateStatus["releases"] {
    const { running, tenure, releases } = this.#site;
    return releases.summaries(running, tenure.canary?.record.digest);
  }

  async files(release: string): Promise<readonly ListedFile[]> {
    return this.#site.releases.list(release);
  }

  async blob(sha256: string): Promise<Blob> {
    const { releases } = this.#site;
    const missing = await releases.missing([sha256]);
    const blob = missing.length > 0 ? undefined : releases.held.blob(sha256);
    if (blob !== undefined) return blob;
    throw new EmendError("release.unknown", `no release of this site has a file with SHA-256 ${sha256}`);
  }

  /** Takes up the canary that a restart interrupted, or ends it when that cannot be, and looks at what the disk kept. */
  async resume(): Promise<void> {
    const site = this.#site;
    const { canary } = site.journaled;
    // What was made again out of patches goes where it had not got to.
    if (site.releases.held.hasUnkept) site.settle();
    if (canary !== null) await site.turns.inTurn(() => this.#canaries.resume(canary));
    await giveUpDamaged(site);
  }

  /** Resolves when the change under way is over and what was made is kept. No verdict is given after that. */
  async stop(): Promise<void> {
    await this.#site.stop();
  }
}
