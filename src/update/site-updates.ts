/**
 * The updates of one site: the only way from the release that runs to the next one (release-and-patch, "Order of an
 * update"). It lives on the serving thread and does nothing there that takes long.
 *
 * What comes while a change is under way is told `busy`. A patch that is still being uploaded stands in nobody's way:
 * what happened meanwhile is looked at when it has come. What the node decides by itself waits for its turn.
 */
import type {
  ApplyOptions,
  CanaryStatus,
  ControlOptions,
  RollbackOptions,
  SiteControl,
  SiteUpdateStatus,
  UpdateResult,
  UpdateTimes,
  Upload,
} from "../admin/index.ts";
import { encodeHex, randomBytes } from "../bytes/index.ts";
import type { CanaryConfig, WatchConfig } from "../config/index.ts";
import { EmendError } from "../errors.ts";
import type { ListedFile, Release } from "../release/index.ts";
import type { CanaryRecord } from "../store/index.ts";
import type { Clock } from "./clock.ts";
import type { PatchHead, PolicyFacts, SiteKeys } from "./incoming-patch.ts";
import type { Journal } from "./journal.ts";
import type { Mirror } from "./mirror.ts";
import type { Notices } from "./notices.ts";
import { prepareRelease } from "./preparation.ts";
import { ReceivedPatch } from "./receive-patch.ts";
import { takeBlob } from "./shared-blob.ts";
import type { ReadyRelease, SiteLane } from "./site-lane.ts";
import type { SiteReleases } from "./site-releases.ts";
import { type Canary, type Live, Tenure, type Watch } from "./tenure.ts";
import type { FinalVerdict } from "./trial.ts";
import { Turns } from "./turns.ts";
import type { UpdateThread } from "./update-thread.ts";

/** How the operator wants a site to be updated. */
export interface UpdateRules {
  readonly keys: SiteKeys;
  readonly keepReleases: number;
  readonly watch: WatchConfig;
  readonly canary: CanaryConfig;
}

export interface SiteUpdatesOptions<Ready extends ReadyRelease> {
  readonly site: string;
  readonly nodeId: string;
  readonly rules: UpdateRules;
  readonly lane: SiteLane<Ready>;
  readonly thread: UpdateThread;
  readonly journal: Journal;
  readonly releases: SiteReleases;
  readonly running: Live<Ready>;
  readonly notices: Notices;
  readonly clock: Clock;
}

/** How it is told that a release came from this machine. */
export type LocalEvent =
  | { readonly event: "committed"; readonly actor: string }
  | { readonly event: "reloaded"; readonly checksum: string; readonly actor: string };

/** Why a verdict was given, and by whom. */
interface Cause {
  readonly actor: string;
  readonly reason: string;
}

const byOperator = "the operator asked for it";

export class SiteUpdates<Ready extends ReadyRelease> implements SiteControl {
  readonly site: string;
  /** Without what ran first: it is to be free when something else runs. */
  readonly #options: Omit<SiteUpdatesOptions<Ready>, "running">;
  readonly #releases: SiteReleases;
  readonly #tenure: Tenure<Ready>;
  readonly #turns = new Turns();
  #lastCanary: CanaryStatus | null = null;
  #isReceiving = false;
  /** Local releases before the journal began: nobody else counts them. */
  #uncounted = 0;
  /** What is being kept in the background. */
  #keeping: Promise<void> = Promise.resolve();

  constructor(options: SiteUpdatesOptions<Ready>) {
    const { running, ...others } = options;
    const { site, releases, lane, clock, rules } = others;
    this.site = site;
    this.#options = others;
    this.#releases = releases;
    this.#tenure = new Tenure(running, {
      lane,
      clock,
      watch: rules.watch,
      canary: rules.canary,
      watched: (watch, verdict) => void this.#endWatch(watch, verdict),
      tried: (canary, verdict) => void this.#decide(canary, verdict),
    });
  }

  async apply(upload: Upload, options: ApplyOptions): Promise<UpdateResult> {
    return await this.#options.notices.audited("patch", options.actor, async (about) => {
      try {
        if (this.#isReceiving) throw new EmendError("busy", "another patch of this site is on its way");
        this.#isReceiving = true;
        return await this.#receive(upload, options, (release) => {
          about.release = release;
        }).finally(() => {
          this.#isReceiving = false;
        });
      } finally {
        // Whoever still sends is not waited for.
        upload.body.cancel().catch(() => {});
      }
    });
  }

  async rollback({ release, insist, actor }: RollbackOptions): Promise<UpdateResult> {
    return await this.#options.notices.audited("rollback", actor, (about) =>
      this.#turns.orRefuse(async () => {
        this.#refuseDuringCanary();
        const running = this.#tenure.running.release.digest;
        const to = release ?? this.#releases.before(running);
        about.release = to ?? null;
        if (to === undefined) {
          throw new EmendError(
            "release.unknown",
            "the node was started with what runs: there is nothing before it",
          );
        }
        if (to === running) throw new EmendError("release.unknown", `${to} is the release that runs`);
        this.#refuseBad(to, insist);
        return await this.#rollBack(to, insist, { actor, reason: byOperator });
      }),
    );
  }

  async canary(verdict: "promote" | "abort", { actor }: ControlOptions): Promise<CanaryStatus> {
    return await this.#options.notices.audited(`canary.${verdict}`, actor, (about) =>
      this.#turns.orRefuse(async () => {
        const { canary } = this.#tenure;
        if (canary === undefined) throw new EmendError("canary.none", "no release of this site is on trial");
        about.release = canary.record.digest;
        return await this.#endCanary(canary, verdict, { actor, reason: byOperator });
      }),
    );
  }

  async lowerFloor(to: number, { actor }: ControlOptions): Promise<void> {
    await this.#options.notices.audited("floor", actor, (about) =>
      this.#turns.orRefuse(async () => {
        about.detail = `from ${this.#journaled.floor} to ${to}`;
        await this.#begin();
        this.#releases.follow(await this.#options.journal.change("lowerFloor", to));
      }),
    );
  }

  /**
   * Puts a release in place that came from this machine and not as a patch: the site begins from it now.
   *
   * @throws EmendError `module.*`, `site.*`, `probe.failed`, `busy` during a canary, `store.*`.
   */
  async replaceBase(release: Release, event: LocalEvent): Promise<void> {
    await this.#turns.inTurn(async () => {
      this.#refuseDuringCanary();
      const { journal, lane, notices } = this.#options;
      const next = await this.#prepare(release);
      const hasBegun = this.#journaled.base !== null;
      const mirror = await this.#orDiscard(next, async () => {
        await lane.probe(next.ready);
        return hasBegun ? await journal.begin(baseOf(release)) : this.#journaled;
      });
      this.#releases.replaceBase(release);
      this.#releases.follow(mirror);
      if (!hasBegun) this.#uncounted++;
      const { before } = this.#tenure.swap(next);
      lane.discard(before.ready);
      this.#settle();
      const step = this.#step(before.release.digest, release.digest);
      if (event.event === "committed") notices.publish({ site: this.site, ...event, ...step });
      else notices.publish({ site: this.site, ...event, generation: step.generation });
    });
  }

  /** Does it because somebody asked: what was served is read again, and told by this checksum. */
  async reload(release: Release, checksum: string, actor: string): Promise<void> {
    await this.#options.notices.audited("reload", actor, async (about) => {
      about.release = release.digest;
      if (release.digest === this.#tenure.running.release.digest) return;
      await this.replaceBase(release, { event: "reloaded", checksum, actor });
    });
  }

  status(): SiteUpdateStatus {
    const { canary } = this.#tenure;
    const { sequence, floor } = this.#journaled;
    return {
      site: this.site,
      release: this.#tenure.running.release.digest,
      sequence,
      floor,
      generation: this.#generation,
      busy: this.#isReceiving || this.#turns.isBusy,
      watch: this.#tenure.watchStatus(),
      canary: canary === undefined ? this.#lastCanary : this.#tenure.canaryStatus(canary, "running", null),
      releases: this.releases(),
    };
  }

  releases(): SiteUpdateStatus["releases"] {
    const { running, canary } = this.#tenure;
    return this.#releases.summaries(running.release.digest, canary?.record.digest);
  }

  async files(release: string): Promise<readonly ListedFile[]> {
    return this.#releases.list(release);
  }

  async blob(sha256: string): Promise<Blob> {
    const missing = await this.#releases.missing([sha256]);
    const blob = missing.length > 0 ? undefined : this.#releases.held.blob(sha256);
    if (blob !== undefined) return blob;
    throw new EmendError("release.unknown", `no release of this site has a file with SHA-256 ${sha256}`);
  }

  /** Takes up the canary that a restart interrupted, or ends it when that cannot be, and looks at what the disk kept. */
  async resume(): Promise<void> {
    const { canary } = this.#journaled;
    // What was made again out of patches goes where it had not got to.
    if (this.#releases.held.hasUnkept) this.#settle();
    if (canary !== null) await this.#turns.inTurn(() => this.#resumeCanary(canary));
    await this.#checkKept();
  }

  /** Resolves when the change under way is over and what was made is kept. No verdict is given after that. */
  async stop(): Promise<void> {
    this.#tenure[Symbol.dispose]();
    this.#options.notices[Symbol.dispose]();
    await this.#turns.close();
    await this.#keeping;
  }

  get #journaled(): Mirror {
    return this.#releases.journaled;
  }

  get #generation(): number {
    return this.#journaled.generation + this.#uncounted;
  }

  async #receive(
    upload: Upload,
    options: ApplyOptions,
    isAbout: (release: string) => void,
  ): Promise<UpdateResult> {
    this.#refuseDuringCanary();
    const { thread, rules } = this.#options;
    using patch = new ReceivedPatch(thread);
    let judgedAt: number | undefined;
    const judge = async (head: PatchHead): Promise<void> => {
      isAbout(head.to);
      judgedAt = this.#releases.version;
      await patch.admit(await this.#facts(head));
      this.#refuseBad(head.to, options.insist);
    };
    const head = await patch.receive(upload, rules.keys, judge);
    return await this.#turns.inTurn(async () => {
      this.#refuseDuringCanary();
      // Nothing that the patch builds on must be let go of from here on, and what was decided by its head may be wrong.
      await this.#keeping;
      if (judgedAt !== this.#releases.version) await judge(head);
      return await this.#take(patch, head, options);
    });
  }

  async #facts({ needs }: PatchHead): Promise<PolicyFacts> {
    await this.#begin();
    const { newestCreatedMs, floor, committed } = this.#journaled;
    return {
      site: this.site,
      nodeId: this.#options.nodeId,
      nowMs: this.#options.clock.nowMs(),
      newestCreatedMs,
      floor,
      committed,
      running: this.#tenure.running.release.digest,
      missing: await this.#releases.missing(needs),
    };
  }

  /** A patch that was let in becomes a release: made, compiled, probed, durable, and only then the one that answers. */
  async #take(patch: ReceivedPatch, head: PatchHead, options: ApplyOptions): Promise<UpdateResult> {
    const { lane, notices } = this.#options;
    const { held } = this.#releases;
    const sources = new Map(head.sources.map((sha256) => [sha256, held.ticket(sha256)]));
    const { made, files, config, verifyMs, applyMs } = await patch.make(sources);
    const contents = new Map(made.map(({ sha256, ticket }) => [sha256, takeBlob(ticket)]));
    const release = this.#releases.assemble(head.to, files, config, contents);
    const from = this.#tenure.running.release.digest;
    const [next, compileMs] = await timed(() => this.#prepare(release));
    const { probeMs, storeMs, mirror } = await this.#orDiscard(next, async () => {
      const [, probeMs] = await timed(() => lane.probe(next.ready));
      const { sequence } = head;
      notices.publish({
        event: "staged",
        site: this.site,
        from,
        to: head.to,
        sequence,
        actor: options.actor,
      });
      if (options.dryRun) return { probeMs, storeMs: 0, mirror: undefined };
      const [mirror, storeMs] = await timed(() => this.#commit(patch, head, release, options));
      return { probeMs, storeMs, mirror };
    });
    if (mirror === undefined) lane.discard(next.ready);
    else {
      held.add(contents);
      this.#releases.follow(mirror, release);
    }
    const swapMs = mirror === undefined ? 0 : this.#enter(next, mirror, head, options);
    const ms: UpdateTimes = {
      verify: patch.verifyMs + verifyMs,
      apply: applyMs,
      compile: compileMs,
      probe: probeMs,
      store: storeMs,
      swap: swapMs,
      total: performance.now() - patch.headMs,
    };
    const status = mirror === undefined ? "checked" : mirror.canary === null ? "applied" : "canary";
    return this.#result(status, from, release, head.sequence, patch.bytes, ms);
  }

  /** A release that is durable answers from now on: all requests, or a canary's part. */
  #enter(next: Live<Ready>, { canary }: Mirror, head: PatchHead, { actor }: ApplyOptions): number {
    const { notices } = this.#options;
    const from = this.#tenure.running.release.digest;
    const to = head.to;
    if (canary !== null) {
      const { percent } = canary;
      this.#tenure.startCanary(next, canary, head.sequence);
      this.#settle();
      notices.publish({
        event: "canary-started",
        site: this.site,
        from,
        to,
        sequence: head.sequence,
        percent,
        actor,
      });
      return 0;
    }
    const { before, ms } = this.#tenure.swap(next);
    this.#tenure.startWatch(before);
    this.#settle();
    notices.publish({ event: "committed", site: this.site, ...this.#step(from, to), actor });
    return ms;
  }

  /** Makes a release durable. When the thread dies over it, a new one is asked whether it came to pass. */
  async #commit(
    patch: ReceivedPatch,
    head: PatchHead,
    release: Release,
    options: ApplyOptions,
  ): Promise<Mirror> {
    const { journal, clock, rules } = this.#options;
    const { digest, sequence, label, createdMs } = { ...head, digest: head.to };
    const files = listOf(release);
    const committedMs = clock.nowMs();
    const canary = this.#canaryRecord(head.to, options.canaryPercent);
    try {
      const mirror = await journal.commit(patch.id, {
        release: { digest, sequence, label, createdMs, committedMs, files },
        manifestDigest: head.digest,
        keep: rules.keepReleases,
        ...(canary === undefined ? {} : { canary }),
      });
      return options.insist && mirror.bad.includes(digest)
        ? await journal.change("clearBad", digest)
        : mirror;
    } catch (error) {
      if (!(error instanceof EmendError) || error.code !== "update.failed") throw error;
      const mirror = await journal.begin(baseOf(this.#releases.held.base));
      if (mirror.committed.includes(head.digest)) return mirror;
      throw error;
    }
  }

  #canaryRecord(digest: string, asked: ApplyOptions["canaryPercent"]): CanaryRecord | undefined {
    if (asked === null) return undefined;
    const { rules, clock } = this.#options;
    return {
      digest,
      percent: asked === "default" ? rules.canary.percent : asked,
      startedMs: clock.nowMs(),
      key: encodeHex(randomBytes(16)),
      cookie: rules.canary.cookie,
    };
  }

  async #rollBack(to: string, insist: boolean, { actor, reason }: Cause): Promise<UpdateResult> {
    const { lane, journal, notices } = this.#options;
    const start = performance.now();
    const standby = this.#tenure.watch?.standby;
    const isReady = standby !== undefined && standby.release.digest === to;
    const [next, compileMs] = await timed(async () =>
      isReady ? standby : await this.#prepare(await this.#open(to)),
    );
    const goesBack = this.#releases.sequenceOf(to) < this.#journaled.sequence;
    const from = this.#tenure.running.release.digest;
    const discardable = isReady ? undefined : next;
    const [probeMs, storeMs] = await this.#orDiscard(discardable, async () => {
      const [, probeMs] = await timed(async () =>
        isReady || insist ? undefined : await lane.probe(next.ready),
      );
      const [, storeMs] = await timed(async () => {
        try {
          this.#releases.follow(await journal.change("rollback", to, goesBack ? from : null));
          if (insist) this.#releases.follow(await journal.change("clearBad", to));
        } catch (error) {
          // A release that fails goes, also from a disk that does: only the next start will not know.
          if (actor !== "node") throw error;
          notices.problem(error, `the rollback from ${from} to ${to} is not durable`);
        }
      });
      return [probeMs, storeMs];
    });
    const { before, ms } = this.#tenure.swap(next);
    lane.discard(before.ready);
    this.#settle();
    const { generation } = this.#step(from, to);
    notices.publish({ event: "rolled-back", site: this.site, from, to, generation, reason, actor });
    if (actor === "node") {
      const text = `emend: site ${this.site} was rolled back from ${from} to ${to}: ${reason}`;
      void notices.tell({ text, event: "rolled-back", release: from, running: to, reason });
    }
    const total = performance.now() - start;
    const times = {
      verify: 0,
      apply: 0,
      compile: compileMs,
      probe: probeMs,
      store: storeMs,
      swap: ms,
      total,
    };
    return this.#result("rolled-back", from, next.release, this.#journaled.sequence, 0, times);
  }

  /** The watch of a release is over: what stood by goes, or comes back. */
  async #endWatch(watch: Watch<Ready>, verdict: FinalVerdict): Promise<void> {
    const { notices } = this.#options;
    if (verdict.kind === "good") {
      this.#tenure.passWatch();
      this.#settle();
      return;
    }
    const { reason } = verdict;
    try {
      await this.#turns.inTurn(async () => {
        // Another change may have come first, and with it another release.
        if (this.#tenure.watch !== watch) return;
        await notices.audited("rollback", "node", async (about) => {
          about.release = watch.standby.release.digest;
          about.detail = reason;
          await this.#rollBack(watch.standby.release.digest, true, { actor: "node", reason });
        });
      });
    } catch (error) {
      notices.problem(error, `a release that fails (${reason}) was not rolled back`);
    }
  }

  /** The node's own verdict on a canary. */
  async #decide(canary: Canary<Ready>, verdict: FinalVerdict): Promise<void> {
    const { notices } = this.#options;
    const [action, reason] =
      verdict.kind === "good" ? (["promote", "it did well"] as const) : (["abort", verdict.reason] as const);
    try {
      await this.#turns.inTurn(async () => {
        if (this.#tenure.canary !== canary) return;
        await notices.audited(`canary.${action}`, "node", async (about) => {
          about.release = canary.record.digest;
          about.detail = reason;
          await this.#endCanary(canary, action, { actor: "node", reason });
        });
      });
    } catch (error) {
      notices.problem(error, `the canary of ${canary.record.digest} ended with ${action}, which failed`);
    }
  }

  async #endCanary(canary: Canary<Ready>, verdict: "promote" | "abort", cause: Cause): Promise<CanaryStatus> {
    const { lane, journal, notices } = this.#options;
    const { digest } = canary.record;
    const isPromoted = verdict === "promote";
    const state = isPromoted ? "promoted" : "aborted";
    try {
      this.#releases.follow(await journal.change("endCanary", state, isPromoted ? null : digest));
    } catch (error) {
      // What fails must go whatever the disk says; nothing is promoted that the next start would not know.
      if (isPromoted || cause.actor !== "node") throw error;
      notices.problem(error, `the end of the canary of ${digest} is not durable`);
    }
    const status = this.#tenure.canaryStatus(canary, state, cause.reason);
    this.#lastCanary = status;
    this.#tenure.endCanary(canary);
    if (isPromoted) this.#tenure.startWatch(this.#tenure.swap(canary.live).before);
    else lane.discard(canary.live.ready);
    this.#settle();
    this.#publishEnded(isPromoted ? "canary-promoted" : "canary-aborted", digest, cause, status.before);
    return status;
  }

  async #resumeCanary(canary: CanaryRecord): Promise<void> {
    try {
      const next = await this.#prepare(await this.#open(canary.digest));
      await this.#orDiscard(next, () => this.#options.lane.probe(next.ready));
      this.#tenure.startCanary(next, canary, this.#releases.sequenceOf(canary.digest));
    } catch (error) {
      const { notices, journal } = this.#options;
      notices.problem(error, `the canary of ${canary.digest} does not go on after the restart`);
      if (this.#journaled.canary !== null) {
        this.#releases.follow(await journal.change("endCanary", "aborted", null));
      }
      const reason = "it could not be taken up again after a restart";
      this.#publishEnded("canary-aborted", canary.digest, { actor: "node", reason });
    }
  }

  /**
   * Reads what the store has of the running release: assets would only be found damaged when somebody asks for them.
   * What the disk has not kept is given up for the newest release that it has.
   */
  async #checkKept(): Promise<void> {
    const { release } = this.#tenure.running;
    try {
      await this.#releases.open(release.digest, this.#options.thread);
    } catch (error) {
      if (!(error instanceof EmendError) || error.code !== "store.failed") return;
      await this.#turns.inTurn(async () => {
        if (this.#tenure.running.release === release) await this.#giveUp(release.digest, error);
      });
    }
  }

  async #giveUp(damaged: string, error: EmendError): Promise<void> {
    const { lane, journal, notices } = this.#options;
    notices.problem(error, `release ${damaged} is damaged in the store and is given up`);
    this.#releases.follow(await journal.change("dropDamaged", damaged));
    const next = await this.#newestWhole();
    lane.discard(this.#tenure.swap(next).before.ready);
    this.#settle();
    const { from, to, generation } = this.#step(damaged, next.release.digest);
    const { message: reason } = error;
    notices.publish({ event: "rolled-back", site: this.site, from, to, generation, reason, actor: "node" });
    const text = `emend: site ${this.site} was rolled back from ${from} to ${to}: ${reason}`;
    void notices.tell({ text, event: "rolled-back", release: from, running: to, reason });
  }

  /** What the journal says is to run, and where that is damaged too, what it says then: the base in the end. */
  async #newestWhole(): Promise<Live<Ready>> {
    for (;;) {
      const digest = this.#journaled.running ?? this.#releases.held.base.digest;
      try {
        return await this.#prepare(await this.#open(digest));
      } catch (error) {
        if (digest === (this.#journaled.running ?? this.#releases.held.base.digest)) throw error;
        this.#options.notices.problem(error, `release ${digest} is damaged in the store and is given up`);
      }
    }
  }

  #publishEnded(
    event: "canary-promoted" | "canary-aborted",
    release: string,
    { actor, reason }: Cause,
    stable: string = this.#tenure.running.release.digest,
  ): void {
    const { notices } = this.#options;
    const running = this.#tenure.running.release.digest;
    const ended = { event, site: this.site, from: stable, to: release, reason, actor };
    notices.publish({ ...ended, generation: this.#generation });
    if (running !== stable) this.#step(stable, running);
    const did = event === "canary-promoted" ? "promoted" : "aborted";
    const text = `emend: the canary ${release} of site ${this.site} was ${did}: ${reason}`;
    void notices.tell({ text, event, release, running, reason });
  }

  /** A kept release. One that the disk has not kept is given up. */
  async #open(digest: string): Promise<Release> {
    const { thread, journal } = this.#options;
    try {
      return await this.#releases.open(digest, thread);
    } catch (error) {
      if (error instanceof EmendError && error.code === "store.failed") {
        this.#releases.follow(await journal.change("dropDamaged", digest));
      }
      throw error;
    }
  }

  #prepare(release: Release): Promise<Live<Ready>> {
    const { lane, thread } = this.#options;
    return prepareRelease(release, this.#tenure.running.release, lane, thread);
  }

  /** Does what may fail before a prepared release answers; then it is let go of. */
  async #orDiscard<T>(live: Live<Ready> | undefined, step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      if (live !== undefined) this.#options.lane.discard(live.ready);
      throw error;
    }
  }

  /**
   * Opens the journal of a site that was never updated: it learns what the site begins from, and is asked whether
   * another node was here after this one was started.
   */
  async #begin(): Promise<void> {
    const { held, journaled } = this.#releases;
    if (journaled.base !== null) return;
    const mirror = await this.#options.journal.begin(baseOf(held.base));
    const running = this.#tenure.running.release.digest;
    if ((mirror.running ?? held.base.digest) !== running) {
      throw new EmendError(
        "store.failed",
        `the state directory was used by another node since this one was started: it says that ${mirror.running} runs, ` +
          `here it is ${running}; start this node again`,
      );
    }
    this.#releases.follow(mirror);
  }

  /** In the background: contents follow to the disk, and what nobody needs goes. */
  #settle(): void {
    this.#keeping = this.#keeping.then(async () => {
      try {
        if (this.#journaled.base !== null) this.#releases.follow(await this.#releases.held.keep());
      } catch (error) {
        this.#options.notices.problem(error, "contents of releases were not kept yet, their patches are");
      }
      this.#releases.prune(this.#tenure.alive);
    });
  }

  /** Logs that another release answers, and says where that leads to. */
  #step(from: string, to: string): { from: string; to: string; sequence: number; generation: number } {
    const { sequence } = this.#journaled;
    const generation = this.#generation;
    this.#options.notices.changed(from, to, sequence, generation);
    return { from, to, sequence, generation };
  }

  #result(
    status: UpdateResult["status"],
    from: string,
    release: Release,
    sequence: number,
    patchBytes: number,
    ms: UpdateTimes,
  ): UpdateResult {
    const full = [...release.files.values()].reduce((sum, { size }) => sum + size, 0);
    const { canary } = this.#tenure;
    return {
      status,
      from,
      to: release.digest,
      sequence,
      generation: this.#generation,
      bytes: { patch: patchBytes, full },
      ms,
      canary: canary === undefined ? null : this.#tenure.canaryStatus(canary, "running", null),
    };
  }

  #refuseDuringCanary(): void {
    const { canary } = this.#tenure;
    if (canary === undefined) return;
    throw new EmendError(
      "busy",
      `${canary.record.digest} is on trial: promote it, abort it, or wait for the verdict`,
    );
  }

  #refuseBad(digest: string, insist: boolean): void {
    if (insist || !this.#journaled.bad.includes(digest)) return;
    throw new EmendError(
      "release.bad",
      `${digest} was rolled back from; insist if it is to run all the same`,
    );
  }
}

async function timed<T>(step: () => Promise<T>): Promise<[T, ms: number]> {
  const start = performance.now();
  const result = await step();
  return [result, performance.now() - start];
}

function baseOf(release: Release): { digest: string; files: ListedFile[] } {
  return { digest: release.digest, files: listOf(release) };
}

function listOf({ files }: Release): ListedFile[] {
  return [...files.values()].map(({ path, size, sha256 }) => ({ path, size, sha256 }));
}
