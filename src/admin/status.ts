/** `GET /v1/status`: what this node is and what it answers with. */
import * as v from "valibot";
import type { Principal } from "../state/index.ts";
import type { NodeControl } from "./control.ts";
import { type Endpoint, endpoint } from "./endpoint.ts";
import { count } from "./field.ts";
import { noQuery } from "./request-input.ts";
import { type SiteUpdateStatus, siteUpdateFields } from "./site-update-status.ts";

/** What `GET /v1/status` answers. */
export interface NodeStatus {
  /** 32 hexadecimal digits. */
  readonly node: string;
  readonly version: string;
  readonly uptimeS: number;
  /** Null for a token of one site, which would learn about the others. */
  readonly memory: NodeMemory | null;
  /** Empty for a token of one site. */
  readonly lanes: readonly LaneStatus[];
  readonly sites: readonly SiteStatus[];
}

/** Memory of the process. The heap is JavaScript's; memories of guests and buffers are external to it. */
export interface NodeMemory {
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
}

/** One thread that answers requests. */
export interface LaneStatus {
  readonly lane: number;
  /** Requests in progress. */
  readonly requests: number;
}

/** What a site answers with. */
export interface SiteStatus extends SiteUpdateStatus {
  readonly traffic: SiteTraffic;
  /** Of its guests: what they have, the most that they ever had, and what they may have. */
  readonly memory: { readonly bytes: number; readonly peakBytes: number; readonly limitBytes: number };
  readonly guests: readonly GuestStatus[];
  /** In the order in which they are tried. */
  readonly routes: readonly RouteStatus[];
}

/** What was counted: of a site since the node started, of a route since its release was committed. */
export interface TrafficCounts {
  /** Requests that were answered, */
  readonly requests: number;
  /** by the class of their status. */
  readonly status: {
    readonly "2xx": number;
    readonly "3xx": number;
    readonly "4xx": number;
    readonly "5xx": number;
  };
  /** Turned away because there was no room (503), */
  readonly shed: number;
  /** because they were over a rate (429; before a route is looked for), */
  readonly rateLimited: number;
  /** because the breaker of the route was open (503). */
  readonly breakerRefused: number;
  readonly traps: number;
  /** Guests that were ended for their `cpu_ms`, or their `timeout_ms`. */
  readonly cpuLimited: number;
  readonly timeLimited: number;
  /** Growths of memories and tables that guests were refused. */
  readonly growthsRefused: number;
  /** Time of guests on the thread, microseconds. */
  readonly cpuUs: number;
  /** Instructions of theirs, roughly. */
  readonly fuel: number;
  /** What their calls cost, about a nanosecond each. */
  readonly hostCost: number;
  /** The most that one of them had, bytes. */
  readonly memoryPeakBytes: number;
  /** Bytes of bodies. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Requests that hold a guest at this moment, and that wait for one. */
  readonly holding: number;
  readonly waiting: number;
}

/** A site's requests. */
export interface SiteTraffic extends TrafficCounts {
  /** At this moment, assets included. */
  readonly inProgress: number;
}

/** A route's requests, and its breaker. */
export interface RouteStatus extends TrafficCounts {
  readonly path: string;
  readonly methods: readonly string[];
  readonly breaker: {
    readonly state: "closed" | "open" | "half-open";
    /** RFC 3339. */
    readonly since: string;
    readonly failuresInRow: number;
    /** Within the window, */
    readonly requests: number;
    /** and those that failed. */
    readonly failures: number;
    /** How often it has opened. */
    readonly opened: number;
  };
}

/** The pool of instances of one module. */
export interface GuestStatus {
  /** Path of the module in the release. */
  readonly module: string;
  /** How an instance is put back after a request; null before one was measured. */
  readonly strategy: "copy" | "copy-on-write" | "fresh" | null;
  /** Instances that exist, */
  readonly live: number;
  /** and those of them that wait for a request. */
  readonly idle: number;
}

const lane = v.strictObject({ lane: count, requests: count });

const guests = v.strictObject({
  module: v.string(),
  strategy: v.nullable(v.picklist(["copy", "copy-on-write", "fresh"])),
  live: count,
  idle: count,
});

const counts = {
  requests: count,
  status: v.strictObject({ "2xx": count, "3xx": count, "4xx": count, "5xx": count }),
  shed: count,
  rateLimited: count,
  breakerRefused: count,
  traps: count,
  cpuLimited: count,
  timeLimited: count,
  growthsRefused: count,
  cpuUs: count,
  fuel: count,
  hostCost: count,
  memoryPeakBytes: count,
  bytesIn: count,
  bytesOut: count,
  holding: count,
  waiting: count,
};

const route = v.strictObject({
  path: v.string(),
  methods: v.array(v.string()),
  ...counts,
  breaker: v.strictObject({
    state: v.picklist(["closed", "open", "half-open"]),
    since: v.pipe(v.string(), v.isoTimestamp()),
    failuresInRow: count,
    requests: count,
    failures: count,
    opened: count,
  }),
});

const site = v.strictObject({
  ...siteUpdateFields,
  traffic: v.strictObject({ ...counts, inProgress: count }),
  memory: v.strictObject({ bytes: count, peakBytes: count, limitBytes: count }),
  guests: v.array(guests),
  routes: v.array(route),
});

/** The schema of the answer, for the commands that read it and the documentation of the API. */
export const nodeStatusSchema: v.GenericSchema<unknown, NodeStatus> = v.strictObject({
  node: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, "expected 32 hexadecimal digits")),
  version: v.string(),
  uptimeS: v.pipe(v.number(), v.minValue(0)),
  memory: v.nullable(v.strictObject({ rssBytes: count, heapBytes: count, externalBytes: count })),
  lanes: v.array(lane),
  sites: v.array(site),
});

/** The call. The answer is the node's own and not validated again; tests hold it to the schema. */
export function statusEndpoint(control: NodeControl): Endpoint {
  return endpoint({
    method: "GET",
    path: "/v1/status",
    summary: "What the node is, what its sites answer with, and how that goes.",
    reach: "own",
    role: "read",
    query: noQuery,
    body: null,
    answer: { schema: nodeStatusSchema },
    codes: [],
    handle: ({ c }) => c.json(statusInReach(control, c.get("principal"))),
  });
}

/** The status as far as a token may see it: one of a site sees nothing that others have a part in. */
export function statusInReach(control: NodeControl, { site }: Principal): NodeStatus {
  const status = control.status();
  if (site === null) return status;
  return { ...status, memory: null, lanes: [], sites: status.sites.filter((each) => each.site === site) };
}
