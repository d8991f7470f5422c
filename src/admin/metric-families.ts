/**
 * What the node counts, as Prometheus names it. Labels have few values: sites and routes come from configuration, the
 * rest are closed lists. No label holds a digest, a path, a client or anything else that a request could invent.
 */
import type { EventCount } from "../events/index.ts";
import { metricRoutesMax } from "../limits.ts";
import type { HealthCounts } from "./site-update-status.ts";
import type { NodeStatus, RouteStatus, SiteStatus } from "./status.ts";

/** Labels and a value. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** A metric with all its samples. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly samples: readonly Sample[];
}

/** Every metric. A status that was cut to one site gives the metrics of that site. */
export function metricFamilies(status: NodeStatus, counts: readonly EventCount[]): MetricFamily[] {
  return [...nodeMetrics(status), ...status.sites.flatMap(siteMetrics), ...eventMetrics(counts)].reduce(
    joined,
    [],
  );
}

type Metric = readonly [name: string, type: MetricFamily["type"], help: string, samples: readonly Sample[]];

/** Samples of one name go together, whichever site they are of. */
function joined(families: MetricFamily[], [name, type, help, samples]: Metric): MetricFamily[] {
  const at = families.findIndex((family) => family.name === name);
  const known = families[at];
  if (known === undefined) families.push({ name, type, help, samples });
  else families[at] = { ...known, samples: [...known.samples, ...samples] };
  return families;
}

function nodeMetrics({ node, version, uptimeS, memory, lanes }: NodeStatus): Metric[] {
  const info: Metric = ["emend_info", "gauge", "The node and its version.", [[{ node, version }, 1]]];
  if (memory === null) return [info];
  const requests = lanes.map(({ lane, requests }): Sample => [{ lane: String(lane) }, requests]);
  return [
    info,
    ["emend_uptime_seconds", "gauge", "Since the process started.", [[{}, uptimeS]]],
    ["process_resident_memory_bytes", "gauge", "Of the process.", [[{}, memory.rssBytes]]],
    ["emend_heap_bytes", "gauge", "Of JavaScript.", [[{}, memory.heapBytes]]],
    ["emend_lane_requests", "gauge", "Requests in progress.", requests],
  ];
}

function siteMetrics(status: SiteStatus): Metric[] {
  return [
    ...trafficMetrics(status),
    ...guestMetrics(status),
    ...updateMetrics(status),
    ...routeMetrics(status),
  ];
}

function trafficMetrics({ site, traffic }: SiteStatus): Metric[] {
  const one = (value: number, labels: Record<string, string> = {}): Sample => [{ site, ...labels }, value];
  const classes = Object.entries(traffic.status).map(([code, value]) => one(value, { class: code }));
  return [
    ["emend_requests_total", "counter", "Answered requests, by the class of their status.", classes],
    [
      "emend_requests_refused_total",
      "counter",
      "Requests turned away: no room, over a rate, breaker open.",
      [
        one(traffic.shed, { reason: "room" }),
        one(traffic.rateLimited, { reason: "rate" }),
        one(traffic.breakerRefused, { reason: "breaker" }),
      ],
    ],
    ["emend_requests_in_progress", "gauge", "Assets included.", [one(traffic.inProgress)]],
    [
      "emend_body_bytes_total",
      "counter",
      "Bytes of bodies.",
      [one(traffic.bytesIn, { direction: "in" }), one(traffic.bytesOut, { direction: "out" })],
    ],
  ];
}

function guestMetrics({ site, traffic, memory, guests }: SiteStatus): Metric[] {
  const one = (value: number, labels: Record<string, string> = {}): Sample => [{ site, ...labels }, value];
  const live = guests.reduce((sum, pool) => sum + pool.live, 0);
  const idle = guests.reduce((sum, pool) => sum + pool.idle, 0);
  return [
    ["emend_guest_traps_total", "counter", "Guests that trapped.", [one(traffic.traps)]],
    [
      "emend_guest_limited_total",
      "counter",
      "Guests that a limit ended.",
      [one(traffic.cpuLimited, { limit: "cpu_ms" }), one(traffic.timeLimited, { limit: "timeout_ms" })],
    ],
    [
      "emend_guest_growths_refused_total",
      "counter",
      "Growths of memories and tables that were refused.",
      [one(traffic.growthsRefused)],
    ],
    ["emend_guest_cpu_seconds_total", "counter", "CPU of guests.", [one(traffic.cpuUs / 1e6)]],
    ["emend_guest_fuel_total", "counter", "Instructions of guests, roughly.", [one(traffic.fuel)]],
    [
      "emend_guest_requests",
      "gauge",
      "Requests that hold a guest, or wait for one.",
      [one(traffic.holding, { state: "holding" }), one(traffic.waiting, { state: "waiting" })],
    ],
    ["emend_guest_memory_bytes", "gauge", "What guests have.", [one(memory.bytes)]],
    ["emend_guest_memory_peak_bytes", "gauge", "The most that they ever had.", [one(memory.peakBytes)]],
    ["emend_guest_memory_limit_bytes", "gauge", "What they may have.", [one(memory.limitBytes)]],
    [
      "emend_guest_instances",
      "gauge",
      "Instances in the pools.",
      [one(live - idle, { state: "busy" }), one(idle, { state: "idle" })],
    ],
  ];
}

function updateMetrics(status: SiteStatus): Metric[] {
  const { site, canary, watch } = status;
  const one = (value: number, labels: Record<string, string> = {}): Sample => [{ site, ...labels }, value];
  const running = canary?.state === "running" ? canary : null;
  return [
    ["emend_release_sequence", "gauge", "Sequence of the running release.", [one(status.sequence)]],
    ["emend_release_floor", "gauge", "Sequence that a patch has to exceed.", [one(status.floor)]],
    [
      "emend_release_generation",
      "counter",
      "Commits, rollbacks and canary verdicts.",
      [one(status.generation)],
    ],
    ["emend_releases_kept", "gauge", "Releases that the node holds.", [one(status.releases.length)]],
    ["emend_update_in_progress", "gauge", "1 while an update is under way.", [one(status.busy ? 1 : 0)]],
    ["emend_watch_active", "gauge", "1 while a commit is watched.", [one(watch === null ? 0 : 1)]],
    [
      "emend_canary_percent",
      "gauge",
      "Share of the clients on a canary; 0 without one.",
      [one(running?.percent ?? 0)],
    ],
    ...(running === null
      ? []
      : sideMetrics(site, { canary: running.health.canary, before: running.health.before })),
  ];
}

/** How both sides of a canary do. They begin anew with each canary, so they are gauges. */
function sideMetrics(site: string, sides: Readonly<Record<"canary" | "before", HealthCounts>>): Metric[] {
  const each = (value: (health: HealthCounts) => number | null): Sample[] =>
    Object.entries(sides).flatMap(([side, health]): Sample[] => {
      const found = value(health);
      return found === null ? [] : [[{ site, side }, found]];
    });
  return [
    ["emend_canary_requests", "gauge", "Requests since the canary began.", each(({ requests }) => requests)],
    ["emend_canary_failures", "gauge", "Those that failed.", each(({ failures }) => failures)],
    ["emend_canary_clients", "gauge", "Distinct clients, up to a cap.", each(({ clients }) => clients)],
    [
      "emend_canary_p99_seconds",
      "gauge",
      "99th percentile of their times.",
      each(({ p99Ms }) => (p99Ms === null ? null : p99Ms / 1000)),
    ],
  ];
}

/** Routes with one path and several methods count together, and so do those beyond `metricRoutesMax`. */
function routeMetrics({ site, routes }: SiteStatus): Metric[] {
  const byPath = Map.groupBy(routes, ({ path }) => path);
  const told = [...byPath].slice(0, metricRoutesMax);
  const rest = [...byPath].slice(metricRoutesMax).flatMap(([, each]) => each);
  const groups = rest.length === 0 ? told : [...told, ["other", rest] as const];
  const each = (value: (route: RouteStatus) => number): Sample[] =>
    groups.map(([route, members]) => [{ site, route }, members.reduce((sum, one) => sum + value(one), 0)]);
  return [
    [
      "emend_route_requests_total",
      "counter",
      "Answered requests since the release was committed.",
      each((route) => route.requests),
    ],
    [
      "emend_route_failures_total",
      "counter",
      "Those answered with 5xx.",
      each((route) => route.status["5xx"]),
    ],
    ["emend_route_traps_total", "counter", "Guests of the route that trapped.", each((route) => route.traps)],
    [
      "emend_route_limited_total",
      "counter",
      "Guests of the route that a limit ended.",
      each((route) => route.cpuLimited + route.timeLimited),
    ],
    [
      "emend_route_cpu_seconds_total",
      "counter",
      "CPU of the guests of the route.",
      each((route) => route.cpuUs / 1e6),
    ],
    [
      "emend_route_breakers_open",
      "gauge",
      "Breakers that are not closed.",
      each(({ breaker }) => (breaker.state === "closed" ? 0 : 1)),
    ],
  ];
}

function eventMetrics(counts: readonly EventCount[]): Metric[] {
  const sums = Map.groupBy(counts, ({ site, event }) => JSON.stringify({ site, event }));
  const events = [...sums].map(
    ([labels, each]): Sample => [JSON.parse(labels), each.reduce((sum, { count }) => sum + count, 0)],
  );
  const refusals = counts.flatMap(({ site, code, count }): Sample[] =>
    code === null ? [] : [[{ site, code }, count]],
  );
  return [
    ["emend_events_total", "counter", "Events, by their kind.", events],
    ["emend_updates_refused_total", "counter", "Refused updates, by their code.", refusals],
  ];
}
