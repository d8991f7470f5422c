/**
 * One thread that answers requests. A release comes in steps, each of which leaves the running one
 * alone until the last moment:
 *
 * prepare (compile, make pools; may fail) → ready → probe (ask it; may fail) → commit (one pointer) → the old one
 * stands by → discard (free it when its last request is over)
 *
 * It knows content and nothing of where it came from; keys, patches and disks are not its business.
 */
import { invariant } from "../errors.ts";
import {
  type CompiledModule,
  CpuShare,
  type GuestSite,
  MachineMemory,
  NodeMemory,
  type PoolStatus,
  Scheduler,
} from "../guest/index.ts";
import {
  type CanaryOptions,
  CanarySplit,
  checkCeilings,
  type HttpServer,
  type RouteStatus,
  runProbe,
  SiteAdmission,
  type SiteAdmissionStatus,
  SiteApp,
  type SiteContent,
  type SiteLimits,
  type SiteSlot,
  SiteTable,
  startServer,
  trustedProxies,
} from "../http/index.ts";
import { drainMsMax } from "../limits.ts";
import type { Logger } from "../log/index.ts";
import type { Preopen } from "../wasi/index.ts";
import { ModuleCache } from "./module-cache.ts";
import { ModuleLease } from "./module-lease.ts";
import { Prepared } from "./prepared.ts";
import { compileFile, compilerOf, moduleFiles, poolsOf } from "./release-modules.ts";

export interface LaneOptions {
  readonly logger: Logger;
  /** Whether answers carry x-emend-release. */
  readonly releaseHeader: boolean;
  /** Whether answers of guests carry x-emend-cost. */
  readonly costHeader: boolean;
  /** How long requests may go on with a discarded release: drainMsMax when left out. */
  readonly drainMs?: number;
}

export interface ListenOptions {
  readonly hostname: string;
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly trustedProxies: readonly string[];
}

/** What the operator gives a site: the same for all of its releases. */
export interface SiteGrants {
  /** Directories that all of its guests see. */
  readonly mounts: readonly Preopen[];
  readonly limits: SiteLimits;
}

/** What another thread has done for a release already. */
export interface Ready {
  /** Modules by the SHA-256 of their bytes. Those that are not here are compiled as ever. */
  readonly compiled: ReadonlyMap<string, CompiledModule>;
}

/** A site, as it runs. */
export interface LaneSiteStatus {
  readonly site: string;
  readonly release: string;
  readonly pools: Record<string, PoolStatus>;
  readonly traffic: SiteAdmissionStatus;
  /** What its guests have of the memory that they may have, and the most that they ever had. */
  readonly memory: { readonly bytes: number; readonly peakBytes: number; readonly limitBytes: number };
  readonly routes: readonly RouteStatus[];
}

export class Lane {
  readonly #options: LaneOptions;
  readonly #modules = new ModuleCache();
  readonly #scheduler = new Scheduler();
  readonly #memory = new NodeMemory({
    machine: new MachineMemory(),
    nowMs: () => performance.now(),
    collect: () => Bun.gc(true),
  });
  readonly #standing = new Map<string, Standing>();
  readonly #slots = new Map<string, LaneSlot>();

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /**
   * Makes a release ready beside the running one. It is committed, tried or discarded then.
   *
   * @throws EmendError `module.*` for a module that cannot be served, `site.config`, `site.limit`.
   */
  async prepare(
    site: string,
    content: SiteContent,
    { mounts, limits }: SiteGrants,
    ready?: Ready,
  ): Promise<Prepared> {
    const { logger, releaseHeader, costHeader } = this.#options;
    checkCeilings(content.config.routes, limits);
    const files = moduleFiles(content);
    const modules = new ModuleLease(this.#modules, compileFile);
    for (const { sha256 } of files) {
      const compiled = ready?.compiled.get(sha256);
      if (compiled !== undefined) modules.adopt(sha256, compiled);
    }
    const { admission, guests } = this.#standingOf(site, limits);
    const compile = compilerOf(modules, content);
    const pools = poolsOf(files, compile, guests);
    try {
      if (!content.modulesChecked) await Promise.all(files.map(compile));
      const preload = content.config.routes.filter((route) => route.preload).map((route) => route.module);
      await Promise.all([...new Set(preload)].map((path) => pools.get(path)?.preload()));
      const headers: Record<string, string> = releaseHeader
        ? { "x-emend-release": content.digest.slice(7, 19) }
        : {};
      const previous = this.#slots.get(site)?.current;
      const own = { site, content, pools, mounts, admission, guests, logger, headers, previous };
      return new Prepared(site, await SiteApp.create({ ...own, showsCost: costHeader }), modules);
    } catch (error) {
      for (const pool of pools.values()) pool[Symbol.dispose]();
      modules[Symbol.dispose]();
      throw error;
    }
  }

  /** Adds a site with its first release. */
  addSite(prepared: Prepared, hosts: readonly string[]): void {
    invariant(!this.#slots.has(prepared.site), `site ${prepared.site} is added once`);
    const standing = this.#standing.get(prepared.site);
    invariant(standing !== undefined, `site ${prepared.site} was prepared here`);
    this.#slots.set(prepared.site, {
      name: prepared.site,
      hosts,
      admission: standing.admission,
      current: prepared.app,
      trial: undefined,
      answering: prepared,
      tried: undefined,
      listeners: new Set(),
    });
    prepared.state = "answering";
    prepared.app.expect();
  }

  /**
   * Asks a release that is ready for everything that its routes name as their probes, one after the other.
   *
   * @throws EmendError `probe.failed`
   */
  async probe({ site, app }: Prepared): Promise<void> {
    const host = this.#slots.get(site)?.hosts.find((each) => !each.includes("*")) ?? "localhost";
    for (const { path, probe, timeoutMs } of app.content.config.routes) {
      if (probe !== undefined) await runProbe(app, { route: path, probe, host, timeoutMs });
    }
  }

  /**
   * The next request is answered by this release; those under way end on the one they began with. That one is
   * returned: it stands by, without idle guests but with its compiled modules, until it is committed again or discarded.
   */
  commit(prepared: Prepared): Prepared {
    const slot = this.#slotOf(prepared.site);
    const { answering: old, tried } = slot;
    invariant(tried === undefined, "no release is committed beside one on trial");
    invariant(
      prepared.state === "ready" || prepared.state === "standing",
      "a release is ready, or stands by",
    );
    prepared.app.expect();
    slot.current = prepared.app;
    slot.answering = prepared;
    old.app.standBy();
    [prepared.state, old.state] = ["answering", "standing"];
    old.observe(undefined);
    prepared.resetHealth();
    observeSlot(slot);
    return old;
  }

  /** Lets a release go that does not answer: all of it is free when its last request is over, or was cut. */
  discard(prepared: Prepared): void {
    invariant(prepared.state === "ready" || prepared.state === "standing", "it does not answer");
    prepared.state = "discarded";
    const { drainMs = drainMsMax } = this.#options;
    const timer = setTimeout(
      () => prepared.app.cut(`its release was replaced over ${drainMs} ms ago`),
      drainMs,
    );
    timer.unref();
    prepared.app.retire(() => {
      clearTimeout(timer);
      prepared.modules[Symbol.dispose]();
    });
  }

  /** From now on a part of the clients gets this release. Both sides are counted from the beginning. */
  startCanary(prepared: Prepared, options: CanaryOptions): void {
    const slot = this.#slotOf(prepared.site);
    invariant(slot.tried === undefined, "one release at a time is on trial");
    invariant(prepared.state === "ready", "a release is ready before it is tried");
    prepared.state = "trial";
    prepared.app.expect();
    for (const side of [prepared, slot.answering]) side.resetHealth();
    slot.tried = prepared;
    slot.trial = new CanarySplit(prepared.app, options);
    observeSlot(slot);
  }

  /** Nobody gets the release on trial any more. It is returned, to be committed or discarded. */
  endCanary(site: string): Prepared {
    const slot = this.#slotOf(site);
    const { tried } = slot;
    invariant(tried !== undefined, "a release is on trial");
    slot.tried = undefined;
    slot.trial = undefined;
    tried.state = "ready";
    tried.observe(undefined);
    observeSlot(slot);
    return tried;
  }

  /**
   * Calls `listener` soon after each failure of what answers, and now and then after successes, and has it counted
   * (`Prepared.health`) until it is disposed.
   */
  observe(site: string, listener: () => void): Disposable {
    const slot = this.#slotOf(site);
    const own = (): void => listener();
    slot.listeners.add(own);
    observeSlot(slot);
    return {
      [Symbol.dispose]: () => {
        slot.listeners.delete(own);
        observeSlot(slot);
      },
    };
  }

  /** Answers requests for the sites that were added. Throws what the system says when the address cannot be had. */
  listen(options: ListenOptions): HttpServer {
    return startServer({
      ...options,
      trustedProxies: trustedProxies(options.trustedProxies),
      sites: new SiteTable([...this.#slots.values()]),
      logger: this.#options.logger,
    });
  }

  /** What runs, by site. */
  status(): LaneSiteStatus[] {
    return [...this.#slots.values()].map(({ name, current, admission }) => ({
      site: name,
      release: current.content.digest,
      pools: current.status(),
      ...this.#usageOf(name, admission),
      routes: current.routes(performance.now()),
    }));
  }
  /** The CPU of the site is that of all its guests up to now, also of those that have not ended. */
  #usageOf(site: string, { status }: SiteAdmission): Pick<LaneSiteStatus, "memory" | "traffic"> {
    const guests = this.#standing.get(site)?.guests;
    invariant(guests !== undefined, "a site that runs was prepared");
    const { takenBytes, peakBytes, limitBytes } = guests.memory;
    return {
      traffic: { ...status, cpuUs: Math.round(guests.share.usedMs * 1000) },
      memory: { bytes: takenBytes, peakBytes, limitBytes },
    };
  }

  #slotOf(site: string): LaneSlot {
    const slot = this.#slots.get(site);
    invariant(slot !== undefined, `site ${site} exists`);
    return slot;
  }

  #standingOf(site: string, limits: SiteLimits): Standing {
    const known = this.#standing.get(site);
    if (known !== undefined) return known;
    const standing: Standing = {
      admission: new SiteAdmission(site, limits, this.#options.logger),
      guests: {
        scheduler: this.#scheduler,
        share: new CpuShare(limits.cpuShare),
        memory: this.#memory.site(limits.memoryBytesMax),
        initialCpuMsMax: limits.guestCpuMsMax,
      },
    };
    this.#standing.set(site, standing);
    return standing;
  }
}

/** A site's place, and the releases that answer for it. */
interface LaneSlot extends SiteSlot {
  answering: Prepared;
  tried: Prepared | undefined;
  readonly listeners: Set<() => void>;
}

/** What answers is counted while somebody listens or a release is on trial; otherwise a request costs nothing more. */
function observeSlot({ answering, tried, listeners }: LaneSlot): void {
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  const changed = listeners.size > 0 || tried !== undefined ? tell : undefined;
  answering.observe(changed);
  tried?.observe(changed);
}

/** What of a site stays while its releases come and go: what is in progress, and what its guests share. */
interface Standing {
  readonly admission: SiteAdmission;
  readonly guests: GuestSite;
}
