/**
 * The updates of all sites of a node: the thread that does them, the store that remembers them, and the start from
 * what it remembers. A node that was never updated loads neither.
 */

import type { EventHub } from "../events/index.ts";
import type { Logger } from "../log/index.ts";
import type { Release } from "../release/index.ts";
import type { AuditEntry, Store } from "../store/index.ts";
import { type Clock, systemClock } from "./clock.ts";
import { HeldFiles } from "./held-files.ts";
import { type Journal, MemoryJournal, ThreadJournal } from "./journal.ts";
import { blankMirror } from "./mirror.ts";
import { Notices } from "./notices.ts";
import type { ReadyRelease, SiteLane } from "./site-lane.ts";
import { SiteReleases } from "./site-releases.ts";
import { SiteUpdates, type UpdateRules } from "./site-updates.ts";
import { UpdateThread } from "./update-thread.ts";

export interface NodeUpdatesOptions {
  readonly nodeId: string;
  /** The state directory; null with `--ephemeral`. */
  readonly dir: string | null;
  readonly events: EventHub;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface SiteToUpdate<Ready extends ReadyRelease> {
  readonly site: string;
  readonly rules: UpdateRules;
  readonly lane: SiteLane<Ready>;
  /** What the node has without its journal. */
  readonly base: Release;
  /** Makes the first release ready. */
  readonly prepare: (release: Release) => Promise<Ready>;
}

/** Which entries of the audit. */
export interface AuditSelection {
  readonly site: string | null;
  readonly limit: number;
}

/** Where a site stands at start, before anything of it is ready. */
interface Start {
  readonly running: () => Promise<Release>;
  readonly giveUp: (digest: string, error: unknown) => void;
  readonly releases: () => SiteReleases;
}

export class NodeUpdates<Ready extends ReadyRelease> {
  readonly #options: NodeUpdatesOptions;
  readonly #thread: UpdateThread;
  readonly #sites = new Map<string, SiteUpdates<Ready>>();
  readonly #clock: Clock;
  /** In memory, once it is needed; or the one of the state directory, while the node starts. */
  #store: Promise<Store> | undefined;

  constructor(options: NodeUpdatesOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#thread = new UpdateThread({ report: (problem) => this.#problem(problem) });
  }

  /** The updates of a site that was started. */
  site(name: string): SiteUpdates<Ready> | undefined {
    return this.#sites.get(name);
  }

  /** Starts a site with what the journal says, or else with its base. Returns what is ready to answer. */
  async start({ site, rules, lane, base, prepare }: SiteToUpdate<Ready>): Promise<Ready> {
    const journal = this.#journalOf(site, base);
    const start = await this.#startOf(site, journal, base);
    for (;;) {
      const release = await start.running();
      try {
        const ready = await prepare(release);
        const { nodeId, events, logger } = this.#options;
        const audit = (entry: AuditEntry): Promise<void> => this.#audit(entry);
        const notices = new Notices({
          ...{ site, events, logger, audit },
          clock: this.#clock,
          webhook: rules.canary.webhook,
        });
        this.#sites.set(
          site,
          new SiteUpdates({
            ...{ site, nodeId, rules, lane, journal, notices },
            thread: this.#thread,
            releases: start.releases(),
            running: { release, ready },
            clock: this.#clock,
          }),
        );
        return ready;
      } catch (error) {
        // Never nothing while the base is there.
        if (release === base) throw error;
        start.giveUp(release.digest, error);
      }
    }
  }

  /** All sites are started and answer: what a restart interrupted goes on. */
  async resume(): Promise<void> {
    // From now on the thread has the store.
    if (this.#options.dir !== null) {
      (await this.#store)?.[Symbol.dispose]();
      this.#store = undefined;
    }
    await Promise.all([...this.#sites.values()].map((site) => site.resume()));
  }

  /** Newest first. */
  async audits(selection: AuditSelection): Promise<readonly AuditEntry[]> {
    const { dir } = this.#options;
    if (dir === null) return (await this.#memory()).audits(selection);
    const { hasJournal } = await import("../store/index.ts");
    return hasJournal(dir) ? await this.#thread.ask("audits", [dir, selection]) : [];
  }

  /** Resolves when no update is under way any more. */
  async stop(): Promise<void> {
    await Promise.all([...this.#sites.values()].map((site) => site.stop()));
    await this.#thread.end();
  }

  #journalOf(site: string, base: Release): Journal {
    const { dir } = this.#options;
    if (dir === null) return new MemoryJournal(() => this.#memory(), site);
    const files = [...base.files.values()].map(({ path, size, sha256 }) => ({ path, size, sha256 }));
    return new ThreadJournal(this.#thread, { dir, site }, { digest: base.digest, files });
  }

  async #startOf(site: string, journal: Journal, base: Release): Promise<Start> {
    const store = await this.#openJournal();
    const known = store?.sites().includes(site) ? store.site(site) : undefined;
    if (known === undefined) {
      return {
        running: async () => base,
        giveUp: () => {},
        releases: () => new SiteReleases(new HeldFiles(journal, base), blankMirror(site), new Map()),
      };
    }
    const { JournaledStart } = await import("./start-from-journal.ts");
    const report = (problem: string): void => this.#problem(problem, site);
    const start = await JournaledStart.open({ store: known, journal, base, report });
    return {
      running: () => start.running(),
      giveUp: (digest, error) => start.giveUp(digest, error),
      releases: () => start.releases(),
    };
  }

  /** The store of a node that was updated before; undefined when it was not, or when it cannot be read. */
  async #openJournal(): Promise<Store | undefined> {
    const { dir } = this.#options;
    if (dir === null) return undefined;
    const { hasJournal, openStore } = await import("../store/index.ts");
    if (!hasJournal(dir)) return undefined;
    this.#store ??= (async () => openStore(dir))();
    try {
      const store = await this.#store;
      for (const problem of store.takeProblems()) this.#problem(problem);
      return store;
    } catch (error) {
      this.#problem(`${String(error)}: every site is served as the node was started, without its updates`);
      return undefined;
    }
  }

  #memory(): Promise<Store> {
    this.#store ??= import("../store/index.ts").then(({ openMemoryStore }) => openMemoryStore());
    return this.#store;
  }

  async #audit(entry: AuditEntry): Promise<void> {
    const { dir } = this.#options;
    if (dir === null) (await this.#memory()).audit(entry);
    else await this.#thread.ask("audit", [dir, entry]);
  }

  #problem(message: string, site?: string): void {
    const problem = { event: "problem", level: "error", code: "store.failed", message } as const;
    this.#options.logger.log(site === undefined ? problem : { ...problem, site });
  }
}
