/** An admin listener that answers what a test tells it to, and remembers what it was asked. */

import type {
  CanaryStatus,
  NodeStatus,
  SiteStatus,
  TrafficCounts,
  UpdateResult,
} from "../../src/admin/index.ts";
import { contentDigest, type ListedFile, sha256Hex } from "../../src/bytes/index.ts";

/** What came in. */
export interface FakeRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface FakeNode extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly FakeRequest[];
}

/** Starts one on loopback; `answer` is asked when a request has come in whole. */
export function startFakeNode(answer: (request: FakeRequest) => Response | Promise<Response>): FakeNode {
  const requests: FakeRequest[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const { method, headers } = request;
      const seen = { method, path: pathname + search, headers, body: await request.bytes() };
      requests.push(seen);
      return answer(seen);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    requests,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

/** A refusal as every node words it. */
export function refuse(status: number, code: string, message = "no"): Response {
  return Response.json({ error: { code, message } }, { status });
}

const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;
const health = { requests: 100, failures: 1, clients: 7, p50Ms: 0.5, p99Ms: 4.25 };

export const fakeCanary: CanaryStatus = {
  state: "running",
  release: digestOf("b"),
  sequence: 12,
  before: digestOf("a"),
  percent: 5,
  startedAt: "2026-11-24T00:00:00Z",
  endsAt: "2026-11-24T00:01:00Z",
  health: { canary: health, before: health },
  reason: null,
};

export const fakeUpdate: UpdateResult = {
  status: "applied",
  from: digestOf("a"),
  to: digestOf("b"),
  sequence: 12,
  generation: 3,
  bytes: { patch: 42_000, full: 10_200_000 },
  ms: { verify: 1.25, apply: 5, compile: 0, probe: 0, store: 2, swap: 0.1, total: 18.2 },
  canary: null,
};

const counts: TrafficCounts = {
  requests: 5,
  status: { "2xx": 5, "3xx": 0, "4xx": 0, "5xx": 0 },
  ...{ shed: 0, rateLimited: 0, breakerRefused: 0, traps: 0, cpuLimited: 0, timeLimited: 0 },
  ...{ growthsRefused: 0, cpuUs: 0, fuel: 0, hostCost: 0, memoryPeakBytes: 0 },
  ...{ bytesIn: 0, bytesOut: 0, holding: 0, waiting: 0 },
};

/** A site that runs `release`. */
export function fakeSite(site: string, release: string, floor = 0): SiteStatus {
  return {
    site,
    release,
    ...{ sequence: floor, floor, generation: 2, busy: false, watch: null, canary: null },
    releases: [
      {
        release,
        ...{ state: "running", sequence: floor, label: "v1", files: 3, bytes: 1234, bad: false },
        ...{ createdAt: null, committedAt: null },
      },
    ],
    traffic: { ...counts, inProgress: 0 },
    memory: { bytes: 0, peakBytes: 0, limitBytes: 1 },
    guests: [],
    routes: [],
  };
}

/** A node with these sites. */
export function fakeStatus(...sites: SiteStatus[]): NodeStatus {
  return {
    node: "0123456789abcdef0123456789abcdef",
    version: "0.1.0",
    uptimeS: 60,
    memory: { rssBytes: 50_000_000, heapBytes: 1, externalBytes: 1 },
    lanes: [{ lane: 0, requests: 0 }],
    sites,
  };
}

/** What a node that serves these files says and gives, each by the name of what it answers. */
export interface FakeRelease {
  readonly status: NodeStatus;
  readonly files: readonly ListedFile[];
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

/** A release of these texts, as a node has it. */
export function fakeRelease(texts: Readonly<Record<string, string | Uint8Array>>, floor = 0): FakeRelease {
  const blobs = new Map<string, Uint8Array>();
  const files = Object.entries(texts).map(([path, text]) => {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    const sha256 = sha256Hex(bytes);
    blobs.set(sha256, bytes);
    return { path, size: bytes.length, sha256 };
  });
  return { status: fakeStatus(fakeSite("default", contentDigest(files), floor)), files, blobs };
}

/** A node from which `emend patch` can read a release. */
export function serveRelease({ status, files, blobs }: FakeRelease): FakeNode {
  return startFakeNode(({ path }) => {
    const [site = "", kind, name = ""] = path.split("/").slice(3);
    if (path === "/v1/status") return Response.json(status);
    const release = status.sites[0]?.release;
    if (kind === "releases" && name === release) return Response.json({ site, release, files });
    const blob = kind === "blobs" ? blobs.get(name) : undefined;
    return blob === undefined ? refuse(409, "release.unknown") : new Response(blob);
  });
}
