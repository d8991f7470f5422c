/** A node for the tests of the API: two sites, answers of every form, and a list of what it was asked. */
import { EmendError, type ErrorCode } from "../errors.ts";
import { EventHub } from "../events/index.ts";
import type { Principal } from "../state/index.ts";
import { type AdminOptions, createAdminApi } from "./admin-api.ts";
import type { AuditEntry } from "./audit.ts";
import type { NodeControl, SiteControl } from "./control.ts";
import type { CanaryStatus, HealthCounts, SiteUpdateStatus } from "./site-update-status.ts";
import type { NodeStatus, SiteStatus } from "./status.ts";
import type { UpdateResult } from "./update-result.ts";

const digestOf = (pair: string): string => `sha256:${pair.repeat(32)}`;

/** Digests of releases, and of a file. */
export const oldRelease: string = digestOf("ab");
export const newRelease: string = digestOf("cd");
export const blobSha256: string = "ef".repeat(32);

/** Tokens by the name of their owner. */
export const tokens = {
  operator: "emend_operator",
  reader: "emend_reader",
  publisher: "emend_publisher",
  "blog-reader": "emend_blog-reader",
  "blog-publisher": "emend_blog-publisher",
  "blog-operator": "emend_blog-operator",
} as const;

export type TokenName = keyof typeof tokens;

const principals: Readonly<Record<string, Principal>> = {
  [tokens.operator]: { name: "operator", role: "operator", site: null },
  [tokens.reader]: { name: "reader", role: "read", site: null },
  [tokens.publisher]: { name: "publisher", role: "publish", site: null },
  [tokens["blog-reader"]]: { name: "blog-reader", role: "read", site: "blog" },
  [tokens["blog-publisher"]]: { name: "blog-publisher", role: "publish", site: "blog" },
  [tokens["blog-operator"]]: { name: "blog-operator", role: "operator", site: "blog" },
};

const at = "2026-11-24T02:00:00.000Z";
const health: HealthCounts = { requests: 9, failures: 1, clients: 3, p50Ms: 0.5, p99Ms: 12.5 };

/** A canary as it runs. */
export const canary: CanaryStatus = {
  ...{ state: "running", release: newRelease, sequence: 8, before: oldRelease, percent: 5 },
  ...{ startedAt: at, endsAt: at, reason: null },
  health: { canary: health, before: { ...health, p50Ms: null, p99Ms: null } },
};

const counts = {
  ...{ requests: 9, status: { "2xx": 5, "3xx": 1, "4xx": 1, "5xx": 2 } },
  ...{ shed: 1, rateLimited: 0, breakerRefused: 1, traps: 1, bytesIn: 10, bytesOut: 20 },
  ...{ cpuLimited: 1, timeLimited: 2, growthsRefused: 3, cpuUs: 4, fuel: 5, hostCost: 6 },
  ...{ memoryPeakBytes: 7, holding: 1, waiting: 0 },
};

const updates: Omit<SiteUpdateStatus, "site"> = {
  ...{ release: oldRelease, sequence: 7, floor: 8, generation: 3, busy: false, canary },
  watch: { release: oldRelease, before: newRelease, startedAt: at, endsAt: at, health },
  releases: [
    {
      ...{ release: oldRelease, state: "running", sequence: 7, label: "v2", createdAt: at },
      ...{ committedAt: at, files: 3, bytes: 1000, bad: false },
    },
    {
      ...{ release: newRelease, state: "kept", sequence: 0, label: null, createdAt: null },
      ...{ committedAt: null, files: 3, bytes: 900, bad: true },
    },
  ],
};

const siteStatus = (site: string): SiteStatus => ({
  ...{ site, ...updates },
  traffic: { ...counts, inProgress: 2 },
  memory: { bytes: 1, peakBytes: 2, limitBytes: 3 },
  guests: [{ module: "hello.wasm", strategy: "copy", live: 3, idle: 2 }],
  routes: [
    {
      ...{ path: "/hello", methods: ["GET", "HEAD"], ...counts },
      breaker: {
        ...{ state: "open", since: at },
        ...{ failuresInRow: 5, requests: 9, failures: 5, opened: 1 },
      },
    },
  ],
});

/** What the node says of itself. */
export const nodeStatus: NodeStatus = {
  node: "00112233445566778899aabbccddeeff",
  version: "0.1.0",
  uptimeS: 1.5,
  memory: { rssBytes: 40_000_000, heapBytes: 5_000_000, externalBytes: 1_000_000 },
  lanes: [{ lane: 0, requests: 2 }],
  sites: [siteStatus("blog"), siteStatus("shop")],
};

const result: UpdateResult = {
  ...{ status: "applied", from: oldRelease, to: newRelease, sequence: 8, generation: 4, canary: null },
  bytes: { patch: 42, full: 1000 },
  ms: { verify: 0.1, apply: 0.2, compile: 0.3, probe: 0, store: 0.4, swap: 0.01, total: 1.5 },
};

const audits: readonly AuditEntry[] = ["shop", "blog", null].map((site) => ({
  ...{ at, actor: "operator", site, action: "patch", verdict: "patch.signature" },
  ...{ release: newRelease, detail: null },
}));

/** A node whose answers are fixed, and what it was asked. */
export class FakeNode implements NodeControl {
  readonly events: EventHub = new EventHub();
  readonly asked: unknown[][] = [];
  /** Thrown by the next call that changes something. */
  fail: Error | ErrorCode | undefined;
  /** How uploads are read: `all`, or `none` of them. */
  reads: "all" | "none" = "all";

  status(): NodeStatus {
    this.#failIfAsked();
    return nodeStatus;
  }

  sites(): readonly string[] {
    return ["blog", "shop"];
  }

  site(name: string): SiteControl | undefined {
    return this.sites().includes(name) ? this.#control(name) : undefined;
  }

  async reload(...asked: Parameters<NodeControl["reload"]>): Promise<{ checksum: string }> {
    this.#ask("reload", ...asked);
    return { checksum: newRelease };
  }

  async audits({ site, limit }: Parameters<NodeControl["audits"]>[0]): Promise<readonly AuditEntry[]> {
    return audits.filter((entry) => site === null || entry.site === site).slice(0, limit);
  }

  #control(site: string): SiteControl {
    return {
      site,
      apply: async ({ body, bytes }, options) => {
        const text = this.reads === "all" ? await new Response(body).text() : "";
        this.#ask("apply", site, bytes, text.length, options);
        return options.canaryPercent === null ? result : { ...result, status: "canary", canary };
      },
      rollback: async (options) => {
        this.#ask("rollback", site, options);
        return { ...result, status: "rolled-back" };
      },
      canary: async (verdict, options) => {
        this.#ask(verdict, site, options);
        return { ...canary, state: verdict === "promote" ? "promoted" : "aborted", reason: "asked for" };
      },
      lowerFloor: async (to, options) => this.#ask("floor", site, to, options),
      status: () => ({ site, ...updates }),
      releases: () => updates.releases,
      files: async (release) => {
        if (release !== oldRelease) throw new EmendError("release.unknown", "no such release");
        return [{ path: "index.html", size: 4, sha256: blobSha256 }];
      },
      blob: async (sha256) => {
        if (sha256 !== blobSha256) throw new EmendError("release.unknown", "no such blob");
        return new Blob(["blob"], { type: "text/html" });
      },
    };
  }

  #ask(...what: unknown[]): void {
    this.asked.push(what);
    this.#failIfAsked();
  }

  #failIfAsked(): void {
    const { fail } = this;
    this.fail = undefined;
    if (fail !== undefined) throw typeof fail === "string" ? new EmendError(fail, "as the test wants") : fail;
  }
}

/** The API of a fake node on a port. */
export interface FakeListener extends AsyncDisposable {
  readonly node: FakeNode;
  readonly base: string;
  readonly port: number;
  /** Errors that were reported as ours. */
  readonly reported: Error[];
  /** Tokens that are nobody's from now on. */
  readonly removed: Set<string>;
  ready: boolean;
}

/** Listens as the node does, but with shorter limits. */
export function listenFake(options: Partial<AdminOptions> = {}): FakeListener {
  const node = new FakeNode();
  const reported: Error[] = [];
  const removed = new Set<string>();
  const app = createAdminApi({
    ...{ version: "0.1.0", control: node, hosts: ["Admin.Example"], patchBytesMax: 100_000 },
    authenticate: (token) => (removed.has(token) ? undefined : principals[token]),
    ready: () => listener.ready,
    report: (error) => reported.push(error),
    ...options,
  });
  const server = Bun.serve({
    ...{ hostname: "127.0.0.1", port: 0, development: false, idleTimeout: 1 },
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch: (request, bun) => app.fetch(request, bun),
  });
  const port = server.port ?? 0;
  const listener: FakeListener = {
    ...{ node, reported, removed, port, base: `http://127.0.0.1:${port}`, ready: true },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
  return listener;
}

/** The header that a token travels in. */
export function bearer(name: TokenName): Record<string, string> {
  return { authorization: `Bearer ${tokens[name]}` };
}
