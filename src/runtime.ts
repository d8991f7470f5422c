/**
 * The wiring diagram: what a running node is made of, and the only place where the control plane (state,
 * releases, the admin listener) and the data plane (lanes) meet.
 *
 * ```
 *  sources ── base ──► updates (journal, patches) ── Release ──► lane ──► requests
 *     ▲ --watch, reload     ▲                                     │
 *  directory             admin: push, rollback, canary        health, status
 * ```
 */
import { readFileSync } from "node:fs";
import type { AdminOptions, createAdminApi, NodeControl, NodeStatus } from "./admin/index.ts";
import type { ListenAddress, NodeConfig, SiteLimits, SiteMount, TlsFiles } from "./config/index.ts";
import { EmendError, invariant, messageOf } from "./errors.ts";
import { EventHub, eventsFromLog } from "./events/index.ts";
import { Lane, type LaneSiteStatus, type Prepared, type SiteGrants } from "./lane/index.ts";
import { programPagesDelayMs } from "./limits.ts";
import type { Logger } from "./log/index.ts";
import { openListener } from "./open-listener.ts";
import { releaseProgramPages } from "./program-pages.ts";
import { type EmbeddedRelease, type Release, withIoErrors } from "./release/index.ts";
import { openMounts } from "./site-mounts.ts";
import { watchDirectory } from "./site-watcher.ts";
import { type State, TokenBook } from "./state/index.ts";
import {
  type Clock,
  NodeUpdates,
  type SiteLane,
  type SiteUpdates,
  type UpdateRules,
} from "./update/index.ts";

/** Where a site's content comes from. `directory` is set when it can be watched. */
export interface SiteSource {
  readonly site: string;
  readonly hosts: readonly string[];
  /** Directories of the machine for its guests; `host` is absolute. */
  readonly mounts: readonly SiteMount[];
  readonly limits: SiteLimits;
  /** Who may patch it, and what is done about a patch. */
  readonly rules: UpdateRules;
  readonly load: () => Promise<Release & Partial<Pick<EmbeddedRelease, "operatorKeys">>>;
  readonly directory: string | undefined;
  /** Whether it may have changed when it is loaded again. */
  readonly reloads: boolean;
}

export interface NodeOptions {
  readonly version: string;
  readonly config: NodeConfig;
  readonly sources: readonly SiteSource[];
  readonly state: State;
  readonly logger: Logger;
  readonly watch: boolean;
  /** Another time than the machine's, for tests. */
  readonly clock?: Clock;
}

export interface RunningNode {
  /** Base URLs; `admin` is null when there is no such listener. */
  readonly url: string;
  readonly admin: string | null;
  /** Finishes what is in flight and frees the ports. */
  readonly stop: (signal: string) => Promise<void>;
}

type Updates = SiteUpdates<Prepared>;

/**
 * Starts a node: every site is ready before the first listener opens.
 *
 * @throws EmendError of whatever is wrong with a site, a module, a certificate or an address.
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { config, sources, logger, state, version } = options;
  const { server } = config;
  const lane = new Lane({ logger, releaseHeader: server.releaseHeader, costHeader: options.watch });
  const events = new EventHub();
  logger.tap(eventsFromLog(events));
  const updates = new NodeUpdates<Prepared>({
    ...{ nodeId: state.nodeId, dir: state.dir, events, logger },
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  await using starting = new AsyncDisposableStack();
  starting.defer(() => updates.stop());
  const sites = await Promise.all(sources.map((source) => startSite(source, lane, updates)));

  const data = openListener({ option: "--addr", address: server.addr, tls: server.tls }, () =>
    lane.listen({
      hostname: hostnameOf(server.addr),
      port: server.addr.port,
      tls: readTls(server.tls),
      trustedProxies: server.trustedProxies,
    }),
  );
  const report = (message: string): void =>
    logger.log({ event: "problem", level: "error", code: "admin", message });
  const tokens = new TokenBook({ operatorToken: state.token, dir: state.dir, report });
  const control: NodeControl = {
    events,
    status: () => nodeStatus({ version, state, lane, sites, pending: data.pending() }),
    sites: () => sites.map(({ site }) => site),
    site: (name) => updates.site(name),
    reload: (module, { actor }) => reloadSites(sources, updates, module, actor),
    audits: async (selection) =>
      (await updates.audits(selection)).map(({ atMs, ...entry }) => ({
        at: new Date(atMs).toISOString(),
        ...entry,
      })),
  };
  let ready = true;
  const admin =
    server.admin === "off"
      ? undefined
      : listenAdmin(server.admin, server.adminTls, {
          ...{ version, control },
          authenticate: (token) => tokens.principalOf(token),
          hosts: server.adminHosts,
          patchBytesMax: server.patchBytesMax,
          ready: () => ready,
          report: (error) => report(messageOf(error)),
        });

  const watchers = options.watch ? sources.flatMap((source) => watchSite(source, updates, logger)) : [];

  logger.log({
    event: "listening",
    addr: data.url,
    admin: admin?.url ?? null,
    node: state.nodeId,
    sites: sites.map((site) => {
      const { release, sequence } = site.status();
      return { site: site.site, release, sequence };
    }),
    startMs: Math.round(performance.now() * 10) / 10,
  });
  setTimeout(releaseProgramPages, programPagesDelayMs).unref();
  const resumed = updates.resume().catch((error: unknown) => report(messageOf(error)));

  const started = starting.move();
  return {
    url: data.url,
    admin: admin?.url ?? null,
    stop: async (signal) => {
      ready = false;
      for (const watcher of watchers) watcher[Symbol.dispose]();
      logger.log({ event: "stopping", cause: signal, requests: data.pending() });
      await data.stop(server.shutdownGraceMs);
      await admin?.stop();
      await resumed;
      await started.disposeAsync();
      await logger.flush();
    },
  };
}

/** Starts a site with the release that it is to answer with. */
async function startSite(source: SiteSource, lane: Lane, updates: NodeUpdates<Prepared>): Promise<Updates> {
  const { site, hosts, limits, rules } = source;
  const base = await source.load();
  const keys = { ...rules.keys, keys: [...new Set([...rules.keys.keys, ...(base.operatorKeys ?? [])])] };
  const grants = { mounts: await openMounts(source.mounts), limits };
  const prepare = (release: Release): Promise<Prepared> =>
    inSite(site, () => lane.prepare(site, release, grants));
  const siteLane = laneOf(site, lane, grants);
  lane.addSite(
    await updates.start({ site, rules: { ...rules, keys }, base, prepare, lane: siteLane }),
    hosts,
  );
  const started = updates.site(site);
  invariant(started !== undefined, `site ${site} was started`);
  return started;
}

/** What updates of a site see of the lane. */
function laneOf(site: string, lane: Lane, grants: SiteGrants): SiteLane<Prepared> {
  return {
    prepare: (release, compiled) => inSite(site, () => lane.prepare(site, release, grants, { compiled })),
    probe: (prepared) => lane.probe(prepared),
    commit: (prepared) => lane.commit(prepared),
    discard: (prepared) => lane.discard(prepared),
    startCanary: (prepared, share) => lane.startCanary(prepared, share),
    endCanary: () => {
      lane.endCanary(site);
    },
    observe: (look) => lane.observe(site, look),
  };
}

/** What fails is said about the site that it belongs to. */
async function inSite<T>(site: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof EmendError)) throw error;
    throw new EmendError(error.code, `site ${site}: ${error.message}`, { cause: error });
  }
}

function watchSite(source: SiteSource, updates: NodeUpdates<Prepared>, logger: Logger): Disposable[] {
  const { site, directory } = source;
  if (directory === undefined) return [];
  const watcher = watchDirectory(directory, async () => {
    try {
      const [release, running] = [await source.load(), updates.site(site)];
      if (release.digest === running?.status().release) return;
      await running?.replaceBase(release, { event: "committed", actor: "node" });
    } catch (error) {
      const code = error instanceof EmendError ? error.code : "watch";
      const message = `the change was not taken, the running release goes on: ${messageOf(error)}`;
      logger.log({ event: "problem", level: "error", code, message, site });
    }
  });
  return [watcher];
}

/** Reads again what is served from this machine; with a module's name the sites that have it. */
async function reloadSites(
  sources: readonly SiteSource[],
  updates: NodeUpdates<Prepared>,
  module: string | null,
  actor: string,
): Promise<{ checksum: string }> {
  const local = sources.filter(({ reloads }) => reloads);
  let checksum: string | undefined;
  for (const source of local) {
    const release = await source.load();
    const file = module === null ? undefined : release.files.get(module);
    if (module !== null && file === undefined) continue;
    const own = file === undefined ? release.digest : `sha256:${file.sha256}`;
    await updates.site(source.site)?.reload(release, own, actor);
    checksum ??= own;
  }
  if (checksum !== undefined) return { checksum };
  throw new EmendError(
    "request.malformed",
    local.length === 0
      ? "this node serves what its executable carries: expected one with a directory or --preload"
      : `expected a file of a site that is served from a directory, got ${JSON.stringify(module)}`,
  );
}

interface AdminListener {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

type Tls = { readonly cert: string; readonly key: string } | undefined;

function listenAdmin(
  address: ListenAddress,
  tlsFiles: TlsFiles | undefined,
  options: AdminOptions,
): AdminListener {
  const hostname = hostnameOf(address);
  const tls = readTls(tlsFiles);
  // Loaded and made with the first call: nobody waits for it before.
  let app: ReturnType<typeof createAdminApi> | undefined;
  const server = openListener({ option: "--admin", address, tls: tlsFiles }, () =>
    Bun.serve({
      hostname,
      port: address.port,
      ...(tls === undefined ? {} : { tls }),
      development: false,
      // Bodies are bounded by the API, after it has looked at the token.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: async (request, bun) => {
        app ??= (await import("./admin/index.ts")).createAdminApi(options);
        return app.fetch(request, bun);
      },
      error: (error) => {
        options.report(error);
        return new Response("500 Internal Server Error\n", { status: 500 });
      },
    }),
  );
  const scheme = tls === undefined ? "http" : "https";
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return { url: `${scheme}://${host}:${server.port}`, stop: () => server.stop(true) };
}

type RunningSiteStatus = Pick<NodeStatus["sites"][number], "traffic" | "memory" | "guests" | "routes">;

interface StatusSource {
  readonly version: string;
  readonly state: State;
  readonly lane: Lane;
  readonly sites: readonly Updates[];
  readonly pending: number;
}

function nodeStatus({ version, state, lane, sites, pending }: StatusSource): NodeStatus {
  const { rss, heapUsed, external } = process.memoryUsage();
  const running = lane.status();
  return {
    node: state.nodeId,
    version,
    uptimeS: Math.round(process.uptime() * 10) / 10,
    memory: { rssBytes: rss, heapBytes: heapUsed, externalBytes: external },
    lanes: [{ lane: 0, requests: pending }],
    sites: sites.map((site) => ({
      ...site.status(),
      ...siteStatus(running.find((each) => each.site === site.site)),
    })),
  };
}

function siteStatus(running: LaneSiteStatus | undefined): RunningSiteStatus {
  invariant(running !== undefined, "every site of the node is the lane's");
  return {
    traffic: running.traffic,
    memory: running.memory,
    guests: Object.entries(running.pools).map(([module, { live, idle, strategy }]) => ({
      module,
      live,
      idle,
      strategy,
    })),
    routes: running.routes.map(({ breaker: { sinceMs, ...breaker }, ...route }) => ({
      ...route,
      breaker: { ...breaker, since: new Date(performance.timeOrigin + sinceMs).toISOString() },
    })),
  };
}

/** `:8080` means every interface, IPv6 and IPv4. */
function hostnameOf(address: ListenAddress): string {
  return address.hostname ?? "::";
}

function readTls(files: TlsFiles | undefined): Tls {
  return files === undefined ? undefined : { cert: readPem(files.certFile), key: readPem(files.keyFile) };
}

function readPem(file: string): string {
  return withIoErrors("read", file, () => readFileSync(file, "utf8"));
}
