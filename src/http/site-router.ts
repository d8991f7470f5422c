/**
 * The routes of one release, bound to their guests, and Hono's router over them. It is used without an app around it:
 * that would cost as much a request as the rest of what happens here.
 */
import { METHOD_NAME_ALL } from "hono/router";
import { RegExpRouter } from "hono/router/reg-exp-router";
import { SmartRouter } from "hono/router/smart-router";
import { TrieRouter } from "hono/router/trie-router";
import type { RouteConfig } from "../config/index.ts";
import { invariant } from "../errors.ts";
import type { GuestSite, Pool } from "../guest/index.ts";
import type { Logger } from "../log/index.ts";
import type { Preopen } from "../wasi/index.ts";
import type { RouteAdmission, SiteAdmission } from "./admission/index.ts";
import type { SiteContent } from "./content.ts";
import type { Pace } from "./pace.ts";
import { methodsOf, type RouteEntry, sortRoutes } from "./route-table.ts";
import { createWagiHandler, GuestDirectories, type UnderWay, type WagiHandler } from "./wagi/index.ts";

/** What the routes of a release need. */
export interface RouteSurroundings {
  readonly site: string;
  readonly content: SiteContent;
  /** A pool for each module that a route names, by path. */
  readonly pools: ReadonlyMap<string, Pool>;
  /** Directories that every guest of the site sees. */
  readonly mounts: readonly Preopen[];
  readonly admission: SiteAdmission;
  /** What its guests share. */
  readonly guests: GuestSite;
  /** Whether answers of guests tell what they cost. */
  readonly showsCost: boolean;
  readonly logger: Logger;
  /** Goes on every answer, such as x-emend-release. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where requests are kept that do not end at once. */
  readonly underWay: Set<UnderWay>;
}

/** A handler with the methods that it answers. */
export interface BoundRoute {
  readonly path: string;
  readonly admission: RouteAdmission;
  readonly methods: ReadonlySet<string>;
  readonly handler: WagiHandler;
  /** The same for emend's own requests before the release is committed; made for the first of them. */
  readonly probeHandler: () => WagiHandler;
  readonly directories: GuestDirectories;
}

/** What stands behind a path. */
export interface Target {
  readonly path: string;
  readonly routes: readonly BoundRoute[];
  /** Methods of all of them, for Allow. */
  readonly allow: string;
}

export class SiteRouter {
  /** In the order in which they are tried. */
  readonly routes: readonly BoundRoute[];
  /** Undefined for a site without routes: Hono's wants at least one. */
  readonly #router: SmartRouter<Target> | undefined;

  private constructor(targets: readonly Target[]) {
    this.routes = targets.flatMap(({ routes }) => routes);
    this.#router = routerOf(targets);
  }

  /** Binds the routes of a release, in pieces. */
  static async create(surroundings: RouteSurroundings, pace: Pace): Promise<SiteRouter> {
    const targets: Target[] = [];
    for (const entry of sortRoutes(surroundings.content.config.routes)) {
      targets.push(targetOf(entry, surroundings));
      await pace.step();
    }
    return new SiteRouter(targets);
  }

  /** Makes what the first requests would have to wait for, in pieces. */
  async prepare(pace: Pace): Promise<void> {
    for (const { directories } of this.routes) await directories.prepare(pace);
  }

  /** What stands behind the path of a request. */
  find(path: string): Target | undefined {
    // Routes were added in order of specificity, and matches come in that order.
    return this.#router?.match(METHOD_NAME_ALL, path)[0][0]?.[0];
  }
}

function routerOf(targets: readonly Target[]): SmartRouter<Target> | undefined {
  if (targets.length === 0) return undefined;
  const router = new SmartRouter<Target>({ routers: [new RegExpRouter(), new TrieRouter()] });
  for (const target of targets) router.add(METHOD_NAME_ALL, target.path, target);
  // The first match compiles the patterns: no request shall wait for it.
  router.match(METHOD_NAME_ALL, "/");
  return router;
}

function targetOf({ path, routes }: RouteEntry, surroundings: RouteSurroundings): Target {
  const bound = routes.map((config) => bindRoute(config, surroundings));
  const allow = [...new Set(bound.flatMap(({ methods }) => [...methods]))].join(", ");
  return { path, routes: bound, allow };
}

function bindRoute(config: RouteConfig, surroundings: RouteSurroundings): BoundRoute {
  const { site, content, pools, mounts, admission: siteAdmission, guests, logger } = surroundings;
  const pool = pools.get(config.module);
  invariant(pool !== undefined, `there is a pool for ${config.module}`);
  const { showsCost, headers, underWay } = surroundings;
  const directories = new GuestDirectories(config, content, mounts);
  const own = {
    ...{ config, pool, site: guests, showsCost, headers, underWay },
    preopens: () => directories.preopens(),
    guestLines: logger.guestLines(site, config.path),
  };
  const admission = siteAdmission.route(config);
  let probing: WagiHandler | undefined;
  return {
    path: config.path,
    methods: new Set(methodsOf(config)),
    admission,
    directories,
    handler: createWagiHandler({ ...own, admission }),
    probeHandler: () => {
      probing ??= createWagiHandler({ ...own, admission: siteAdmission.probe(config) });
      return probing;
    },
  };
}
