/** `[site.limits]` of emend.toml: what the operator lets a site take of the node, and lets its site.toml ask for. */
import * as v from "valibot";
import { byteSize } from "./byte-size.ts";
import { decimal, integer, withDefault } from "./scalar.ts";
import { table } from "./table.ts";

/** Limits of one site. */
export type SiteLimits = {
  /** Weight between sites when they all want the thread. */
  readonly cpuShare: number;
  /** All guests of the site together. */
  readonly memoryBytesMax: number;
  /** Requests that hold a guest at once. */
  readonly connectionsMax: number;
  /** Requests that wait for one. */
  readonly pendingMax: number;
  /** Requests in progress in all, assets included. */
  readonly requestsMax: number;
  /** Requests a second; 0: as many as come. */
  readonly ratePerSecond: number;
  /** Requests a second of one client address; 0: as many as come. */
  readonly ratePerClient: number;
  /** Ceiling of `memory_max`. */
  readonly guestMemoryBytesMax: number;
  /** Ceiling of `timeout_ms`. */
  readonly guestTimeoutMsMax: number;
  /** Ceiling of `cpu_ms`. */
  readonly guestCpuMsMax: number;
};

const rate = decimal(0, 1_000_000);

/** The table in the file. */
export const siteLimitsTable: v.GenericSchema<unknown, SiteLimits> = v.pipe(
  table("What the site may take of the node, and ceilings for what its site.toml may ask.", {
    cpu_share: withDefault("Relative weight between sites when the CPU is short.", integer(1, 10_000), 100),
    memory_max: withDefault(
      "Memory of all guests of the site together, idle ones included; past it requests get 503.",
      byteSize(),
      "256 MiB",
    ),
    max_connections: withDefault(
      "Requests that hold a guest at once; further ones wait.",
      integer(1, 100_000),
      200,
    ),
    max_pending: withDefault(
      "Requests waiting for a guest; of more than these the oldest gets 503.",
      integer(0, 100_000),
      100,
    ),
    max_requests: withDefault(
      "Requests in progress in all, assets included; a further one gets 503.",
      integer(1, 1_000_000),
      1000,
    ),
    rate_per_second: withDefault(
      "Requests a second, on average and as a burst; a further one gets 429. 0 is no limit.",
      rate,
      0,
    ),
    rate_per_client: withDefault(
      "The same for each client address (IPv6: each /64 network). 0 is no limit.",
      rate,
      0,
    ),
    guest_memory_max: withDefault(
      "Ceiling of memory_max in site.toml; a release that asks for more is refused.",
      byteSize(),
      "128 MiB",
    ),
    guest_timeout_ms_max: withDefault(
      "Ceiling of timeout_ms in site.toml; a release that asks for more is refused.",
      integer(1, 86_400_000),
      30_000,
    ),
    guest_cpu_ms_max: withDefault(
      "Ceiling of cpu_ms in site.toml; a release that asks for more is refused.",
      integer(1, 86_400_000),
      10_000,
    ),
  }),
  v.transform((file) => ({
    cpuShare: file.cpu_share,
    memoryBytesMax: file.memory_max,
    connectionsMax: file.max_connections,
    pendingMax: file.max_pending,
    requestsMax: file.max_requests,
    ratePerSecond: file.rate_per_second,
    ratePerClient: file.rate_per_client,
    guestMemoryBytesMax: file.guest_memory_max,
    guestTimeoutMsMax: file.guest_timeout_ms_max,
    guestCpuMsMax: file.guest_cpu_ms_max,
  })),
);
