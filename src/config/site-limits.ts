/** `[site.limits]` of emend.toml: what the operator lets a site take of the node, and lets its site.toml ask for. */
import * as v from "valibot";
import { decimal, integer, withDefault } from "./scalar.ts";
import { table } from "./table.ts";

/** Limits of one site. */
export type SiteLimits = {
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
  /** Ceiling of `timeout_ms`. */
  readonly guestTimeoutMsMax: number;
};

const rate = decimal(0, 1_000_000);

/** The table in the file. */
export const siteLimitsTable: v.GenericSchema<unknown, SiteLimits> = v.pipe(
  table(
    "What the site may take of the node, and ceilings for what its site.toml may ask.",
    {
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
      guest_timeout_ms_max: withDefault(
        "Ceiling of timeout_ms in site.toml; a release that asks for more is refused.",
        integer(1, 86_400_000),
        30_000,
      ),
    },
    ["cpu_share", "memory_max", "guest_memory_max", "guest_cpu_ms_max"],
  ),
  v.transform((file) => ({
    connectionsMax: file.max_connections,
    pendingMax: file.max_pending,
    requestsMax: file.max_requests,
    ratePerSecond: file.rate_per_second,
    ratePerClient: file.rate_per_client,
    guestTimeoutMsMax: file.guest_timeout_ms_max,
  })),
);
