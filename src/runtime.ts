/**
 * The wiring diagram: what a running node is made of, and the only place where the control plane (state,
 * releases, the admin listener) and the data plane (lanes) meet.
 *
 * ```
 *  sources ── Release ──► lane.prepare ──► lane.commit ──► requests
 *     ▲ --watch                                  │
 *  directory                          admin: status, health
 * ```
 */
import { readFileSync } from "node:fs";
import type { AdminOptions, createAdminApi, NodeControl, NodeStatus } from "./admin/index.ts";
import type { ListenAddress, NodeConfig, SiteLimits, SiteMount, TlsFiles } from "./config/index.ts";
import { EmendError, invariant, messageOf } from "./errors.ts";
import { EventHub, eventsFromLog } from "./events/index.ts";
import { Lane, type LaneSiteStatus, type Prepared, type SiteGrants } from "./lane/index.ts";
import type { Logger } from "./log/index.ts";
import { openListener } from "./open-listener.ts";
import { type Release, withIoErrors } from "./release/index.ts";
import { openMounts } from "./site-mounts.ts";
import { watchDirectory } from "./site-watcher.ts";
import { type State, TokenBook } from "./state/index.ts";

/** Where a site's content comes from. `directory` is set when it can be watched. */
export interface SiteSource {
  readonly site: string;
  readonly hosts: readonly string[];
  /** Directories of the machine for its guests; `host` is absolute. */
  readonly mounts: readonly SiteMount[];
  readonly limits: SiteLimits;
  readonly load: () => Promise<Release>;
  readonly directory: string | undefined;
}

export interface NodeOptions {
  readonly version: string;
  readonly config: NodeConfig;
  readonly sources: readonly SiteSource[];
  readonly state: State;
  readonly logger: Logger;
  readonly watch: boolean;
}

export interface RunningNode {
  /** Base URLs; `admin` is null when there is no such listener. */
  readonly url: string;
  readonly admin: string | null;
  /** Finishes what is in flight and frees the ports. */
  readonly stop: (signal: string) => Promise<void>;
}

/** What the node keeps about a site beside its release. */
interface SiteState {
  readonly source: SiteSource;
  readonly grants: SiteGrants;
  release: string;
  generation: number;
}

/**
 * Starts a node: every site is ready before the first listener opens.
 *
 * @throws EmendError of whatever is wrong with a site, a module, a certificate or an address.
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { config, sources, logger, state, version } = options;
  const { server } = config;
  const lane = new Lane({ logger, releaseHeader: server.releaseHeader, costHeader: options.watch });
  const sites = await Promise.all(
    sources.map(async (source): Promise<SiteState> => {
      const release = await source.load();
      const grants = { mounts: await openMounts(source.mounts), limits: source.limits };
      lane.addSite(await prepare(lane, source, grants, release), source.hosts);
      return { source, grants, release: release.digest, generation: 0 };
    }),
  );

  const data = openListener({ option: "--addr", address: server.addr, tls: server.tls }, () =>
    lane.listen({
      hostname: hostnameOf(server.addr),
      port: server.addr.port,
      tls: readTls(server.tls),
      trustedProxies: server.trustedProxies,
    }),
  );
  const events = new EventHub();
  logger.tap(eventsFromLog(events));
  const report = (message: string): void =>
    logger.log({ event: "problem", level: "error", code: "admin", message });
  const tokens = new TokenBook({ operatorToken: state.token, dir: state.dir, report });
  const control: NodeControl = {
    events,
    status: () => nodeStatus({ version, state, lane, sites, pending: data.pending() }),
    sites: () => sites.map(({ source }) => source.site),
    site: () => undefined,
    reload: () => Promise.reject(new EmendError("busy", "this node takes no updates yet")),
    audits: async () => [],
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

  const watchers = options.watch ? sites.flatMap((site) => watchSite(site, lane, logger)) : [];

  logger.log({
    event: "listening",
    addr: data.url,
    admin: admin?.url ?? null,
    node: state.nodeId,
    sites: sites.map((site) => ({ site: site.source.site, release: site.release, sequence: 0 })),
    startMs: Math.round(performance.now() * 10) / 10,
  });

  return {
    url: data.url,
    admin: admin?.url ?? null,
    stop: async (signal) => {
      ready = false;
      for (const watcher of watchers) watcher[Symbol.dispose]();
      logger.log({ event: "stopping", cause: signal, requests: data.pending() });
      await data.stop(server.shutdownGraceMs);
      await admin?.stop();
      await logger.flush();
    },
  };
}

/** Prepares a release; what fails is said about the site that it belongs to. */
async function prepare(
  lane: Lane,
  source: SiteSource,
  grants: SiteGrants,
  release: Release,
): Promise<Prepared> {
  try {
    return await lane.prepare(source.site, release, grants);
  } catch (error) {
    if (!(error instanceof EmendError)) throw error;
    throw new EmendError(error.code, `site ${source.site}: ${error.message}`, { cause: error });
  }
}

function watchSite(site: SiteState, lane: Lane, logger: Logger): Disposable[] {
  const { source } = site;
  if (source.directory === undefined) return [];
  const watcher = watchDirectory(source.directory, async () => {
    try {
      const release = await source.load();
      if (release.digest === site.release) return;
      lane.discard(lane.commit(await prepare(lane, source, site.grants, release)));
      const from = site.release;
      site.release = release.digest;
      site.generation++;
      const { generation } = site;
      logger.log({ event: "release", site: source.site, from, to: release.digest, sequence: 0, generation });
    } catch (error) {
      const code = error instanceof EmendError ? error.code : "watch";
      const message = `the change was not taken, the running release goes on: ${messageOf(error)}`;
      logger.log({ event: "problem", level: "error", code, message, site: source.site });
    }
  });
  return [watcher];
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
  readonly sites: readonly SiteState[];
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
    sites: sites.map(({ source, release, generation }) => ({
      site: source.site,
      release,
      sequence: 0,
      floor: 0,
      generation,
      ...{ busy: false, watch: null, canary: null, releases: [] },
      ...siteStatus(running.find((each) => each.site === source.site)),
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
