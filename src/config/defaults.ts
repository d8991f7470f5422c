/**
 * What a start needs of this room when there is no configuration file to read: the defaults as plain data, and
 * addresses from the command line. The schemas are not loaded for that; they take a tenth of the time from exec
 * to the first answer. A test holds these defaults to the schemas'.
 */
import type { CanaryConfig } from "./canary.ts";
import type { NodeConfig, NodeSite } from "./node-config.ts";
import type { RouteConfig, SiteConfig } from "./site-config.ts";
import type { SiteLimits } from "./site-limits.ts";
import type { WatchConfig } from "./watch.ts";

export { type ListenAddress, parseListenAddress } from "./listen-address.ts";

/** What an empty emend.toml comes to. */
export function defaultNodeConfig(): NodeConfig {
  return {
    server: {
      addr: { hostname: "127.0.0.1", port: 8080 },
      admin: { hostname: "127.0.0.1", port: 9080 },
      adminHosts: [],
      threads: 1,
      patchBytesMax: 512 * 1024 * 1024,
      releaseHeader: true,
      trustedProxies: [],
      tls: undefined,
      adminTls: undefined,
      shutdownGraceMs: 10_000,
      log: { format: "text", redact: [] },
    },
    sites: [defaultNodeSite()],
  };
}

/** What an empty [[site]] comes to. */
export function defaultNodeSite(): NodeSite {
  return {
    name: "default",
    hosts: ["*"],
    dir: undefined,
    mounts: [],
    limits: defaultSiteLimits(),
    keys: [],
    keysThreshold: 1,
    retiredKeys: [],
    keepReleases: 5,
    watch: defaultWatch,
    canary: defaultCanary,
  };
}

const defaultWatch: WatchConfig = { windowMs: 60_000, requestsMin: 200, errorRateAbove: 0.01 };

const defaultCanary: CanaryConfig = {
  percent: 5,
  windowMs: 60_000,
  requestsMin: 1000,
  clientsMin: 10,
  errorRateAbove: 0.001,
  p99RatioMax: 2,
  webhook: undefined,
  cookie: false,
};

/** What an empty [site.limits] comes to. */
export function defaultSiteLimits(): SiteLimits {
  return {
    cpuShare: 100,
    memoryBytesMax: 256 * 1024 * 1024,
    connectionsMax: 200,
    pendingMax: 100,
    requestsMax: 1000,
    ratePerSecond: 0,
    ratePerClient: 0,
    guestMemoryBytesMax: 128 * 1024 * 1024,
    guestTimeoutMsMax: 30_000,
    guestCpuMsMax: 10_000,
  };
}

/** A site of one module that answers every path, with the defaults of everything else and an instance at hand. */
export function singleModuleConfig(module: string): SiteConfig {
  const route: RouteConfig = {
    path: "/*",
    module,
    kind: undefined,
    methods: undefined,
    argv: undefined,
    env: {},
    files: [],
    scratchBytes: 16 * 1024 * 1024,
    preload: true,
    timeoutMs: 1000,
    idleMs: 10_000,
    cpuMs: 200,
    memoryBytesMax: 64 * 1024 * 1024,
    bodyMaxBytes: 10 * 1024 * 1024,
    chunked: false,
    maxConcurrency: 64,
    breaker: { failures: 5, windowMs: 10_000, rate: 0.5, requestsMin: 20, openMs: 5000 },
    probe: undefined,
  };
  return { routes: [route], assets: { dir: "public", spa: false, cache: {}, headers: {} } };
}
