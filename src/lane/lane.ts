/**
 * One thread that answers requests. A release comes in four steps, each of which leaves the running one
 * alone until the last moment:
 *
 * prepare (compile, make pools; may fail) → ready → commit (one pointer) → retire (free the old one when
 * its last request is over)
 *
 * It knows content and nothing of where it came from; keys, patches and disks are not its business.
 */
import { EmendError, invariant } from "../errors.ts";
import {
  type CompiledModule,
  CpuShare,
  type GuestSite,
  LazyPool,
  MachineMemory,
  NodeMemory,
  type Pool,
  type PoolStatus,
  Scheduler,
} from "../guest/index.ts";
import {
  checkCeilings,
  type HttpServer,
  type RouteStatus,
  SiteAdmission,
  type SiteAdmissionStatus,
  SiteApp,
  type SiteContent,
  type SiteFile,
  type SiteLimits,
  type SiteSlot,
  SiteTable,
  startServer,
  trustedProxies,
} from "../http/index.ts";
import type { Logger } from "../log/index.ts";
import type { Preopen } from "../wasi/index.ts";
import { ModuleCache } from "./module-cache.ts";
import { ModuleLease } from "./module-lease.ts";

export interface LaneOptions {
  readonly logger: Logger;
  /** Whether answers carry x-emend-release. */
  readonly releaseHeader: boolean;
  /** Whether answers of guests carry x-emend-cost. */
  readonly costHeader: boolean;
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

/** A release that could answer from now on. Either it is committed or it is discarded. */
export interface Prepared {
  readonly site: string;
  readonly app: SiteApp;
  readonly modules: ModuleLease;
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
  readonly #slots = new Map<string, SiteSlot & { modules: ModuleLease }>();

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /**
   * Makes a release ready beside the running one.
   *
   * @throws EmendError `module.*` for a module that cannot be served, `site.config`, `site.limit`.
   */
  async prepare(site: string, content: SiteContent, { mounts, limits }: SiteGrants): Promise<Prepared> {
    const { logger, releaseHeader, costHeader } = this.#options;
    checkCeilings(content.config.routes, limits);
    const files = moduleFiles(content);
    const modules = new ModuleLease(this.#modules, readFile);
    const { admission, guests } = this.#standingOf(site, limits);
    const pools = new Map<string, Pool>();
    try {
      const compile = async (file: SiteFile): Promise<CompiledModule> => {
        const compiled = await modules.compile(file);
        checkBeginning(file.path, compiled.memoryBytes, content);
        return compiled;
      };
      for (const file of files) pools.set(file.path, new LazyPool(() => compile(file), guests));
      if (!content.modulesChecked) await Promise.all(files.map(compile));
      const preload = content.config.routes.filter((route) => route.preload).map((route) => route.module);
      await Promise.all([...new Set(preload)].map((path) => pools.get(path)?.preload()));
      const headers: Record<string, string> = releaseHeader
        ? { "x-emend-release": content.digest.slice(7, 19) }
        : {};
      const previous = this.#slots.get(site)?.current;
      const own = { site, content, pools, mounts, admission, guests, logger, headers, previous };
      return { site, app: new SiteApp({ ...own, showsCost: costHeader }), modules };
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
      modules: prepared.modules,
    });
    prepared.app.warm();
  }

  /** The next request is answered by this release; those under way end on the one they began with. */
  commit(prepared: Prepared): void {
    const slot = this.#slots.get(prepared.site);
    invariant(slot !== undefined, `site ${prepared.site} exists`);
    const [old, oldModules] = [slot.current, slot.modules];
    slot.current = prepared.app;
    slot.modules = prepared.modules;
    old.retire();
    oldModules[Symbol.dispose]();
    prepared.app.warm();
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

/** What of a site stays while its releases come and go: what is in progress, and what its guests share. */
interface Standing {
  readonly admission: SiteAdmission;
  readonly guests: GuestSite;
}

/**
 * Refuses a module that has more memory to begin with than a route of it may have.
 *
 * @throws EmendError `module.limit`
 */
function checkBeginning(module: string, bytes: number, { config }: SiteContent): void {
  const route = config.routes.find((each) => each.module === module && bytes > each.memoryBytesMax);
  if (route === undefined) return;
  throw new EmendError(
    "module.limit",
    `${module}: its memory begins with ${bytes} bytes; memory_max of route ${route.path} is ${route.memoryBytesMax}`,
  );
}

/** The files that routes name as their modules, each once. */
function moduleFiles(content: SiteContent): SiteFile[] {
  const paths = [...new Set(content.config.routes.map((route) => route.module))];
  return paths.map((path) => {
    const file = content.files.get(path);
    if (file === undefined)
      throw new EmendError("site.config", `${path}: a route names it, but the site has no such file`);
    return file;
  });
}

async function readFile(file: SiteFile): Promise<Uint8Array> {
  await file.verify?.();
  const bytes = await file.blob.bytes();
  if (file.unchanged?.() === false) {
    throw new EmendError("release.changed", `${file.path}: changed on disk while it was read`);
  }
  return bytes;
}
