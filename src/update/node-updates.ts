/**
 * The updates of all sites of a node: the thread that does them, the store that remembers them, and the start from
 * what it remembers. A node that was never updated loads neither.
 */

import type { EventHub } from "../events/index.ts";
import type { Logger } from "../log/index.ts";
import type { Release } from "../release/index.ts";
import { hasJournal } from "../store/has-journal.ts";
import type { AuditEntry, StateLock, Store } from "../store/index.ts";
import { type Clock, systemClock } from "./clock.ts";
import { HeldFiles } from "./held-files.ts";
import { type Journal, MemoryJournal, ThreadJournal } from "./journal.ts";
import { blankMirror } from "./mirror.ts";
import { Notices } from "./notices.ts";
import type { ReadyRelease, SiteLane } from "./site-lane.ts";
import { baseOf, SiteReleases } from "./site-releases.ts";
import { SiteUpdates, type SiteUpdatesOptions } from "./site-updates.ts";
import { UpdateThread } from "./update-thread.ts";
import type { UpdateRules } from "./updated-site.ts";

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

type Started<Ready extends ReadyRelease> = Pick<
  SiteUpdatesOptions<Ready>,
  "site" | "rules" | "lane" | "journal" | "releases" | "running"
>;

export class NodeUpdates<Ready extends ReadyRelease> {
  readonly #options: NodeUpdatesOptions;
  readonly #thread: UpdateThread;
  readonly #sites = new Map<string, SiteUpdates<Ready>>();
  readonly #clock: Clock;
  /** In memory, once it is needed; or the one of the state directory, while the node starts. */
  #store: Promise<Store> | undefined;
  /** Held from the first look into the journal on: a node that was never updated shares nothing with another one. */
  #lock: StateLock | undefined;

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
        this.#add({ site, rules, lane, journal, releases: start.releases(), running: { release, ready } });
        return ready;
      } catch (error) {
        // Never nothing while the base is there.
        if (release === base) throw error;
        start.giveUp(release.digest, error);
      }
    }
  }

  /** Not within `start`: closures made in an async function keep all of its variables alive, its first release too. */
  #add({ site, rules, lane, journal, releases, running }: Started<Ready>): void {
    const { nodeId, events, logger } = this.#options;
    const [thread, clock] = [this.#thread, this.#clock];
    const audit = (entry: AuditEntry): Promise<void> => this.#audit(entry);
    const notices = new Notices({ site, events, logger, clock, audit, webhook: rules.canary.webhook });
    const options = { site, nodeId, rules, lane, journal, notices, thread, releases, running, clock };
    this.#sites.set(site, new SiteUpdates(options));
  }

  /** All sites are started and answer: what a restart interrupted goes on. */
  async resume(): Promise<void> {
    if (this.#options.dir !== null) await this.#leaveStore();
    await Promise.all([...this.#sites.values()].map((site) => site.resume()));
  }

  /** Newest first. */
  async audits(selection: AuditSelection): Promise<readonly AuditEntry[]> {
    const { dir } = this.#options;
    if (dir === null) return (await this.#memory()).audits(selection);
    if (!hasJournal(dir)) return [];
    await this.#secure(dir);
    return await this.#thread.ask("audits", [dir, selection]);
  }

  /** Resolves when no update is under way any more. */
  async stop(): Promise<void> {
    await Promise.all([...this.#sites.values()].map((site) => site.stop()));
    await this.#thread.end();
    await this.#leaveStore();
    this.#lock?.[Symbol.dispose]();
    this.#lock = undefined;
  }

  #journalOf(site: string, base: Release): Journal {
    const { dir } = this.#options;
    if (dir === null) return new MemoryJournal(() => this.#memory(), site);
    return new ThreadJournal(this.#thread, { dir, site }, baseOf(base), () => this.#secure(dir));
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
    if (!hasJournal(dir)) return undefined;
    await this.#secure(dir);
    const { openStore } = await import("../store/index.ts");
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

  /** From now on the thread has it. */
  async #leaveStore(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    try {
      const opened = await store;
      for (const problem of opened?.takeProblems() ?? []) this.#problem(problem);
      opened?.[Symbol.dispose]();
    } catch {
      // It could not be opened, which was said.
    }
  }

  #memory(): Promise<Store> {
    this.#store ??= import("../store/index.ts").then(({ openMemoryStore }) => openMemoryStore());
    return this.#store;
  }

  async #audit(entry: AuditEntry): Promise<void> {
    const { dir } = this.#options;
    if (dir === null) (await this.#memory()).audit(entry);
    else {
      await this.#secure(dir);
      await this.#thread.ask("audit", [dir, entry]);
    }
  }

  /** Keeps other nodes out of the state directory. Throws `io` when one is in it. */
  async #secure(dir: string): Promise<void> {
    if (this.#lock !== undefined) return;
    const { lockState } = await import("../store/index.ts");
    if (this.#lock !== undefined) return;
    this.#lock = lockState(dir);
    const { lacking } = this.#lock;
    if (lacking !== null) this.#problem(`nothing keeps a second node out of ${dir}: ${lacking}`);
  }

  #problem(message: string, site?: string): void {
    const problem = { event: "problem", level: "error", code: "store.failed", message } as const;
    this.#options.logger.log(site === undefined ? problem : { ...problem, site });
  }
}
