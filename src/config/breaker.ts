/** `breaker` of a route in site.toml: when its guest counts as broken, and for how long it is then left alone. */
import * as v from "valibot";
import { decimal, integer, withDefault } from "./scalar.ts";
import { table } from "./table.ts";

/** A route's circuit breaker. There is always one; a site cannot take the node's protection away. */
export type BreakerConfig = {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** How far back `rate` looks, milliseconds. */
  readonly windowMs: number;
  /** Share of failed requests in the window that opens it, */
  readonly rate: number;
  /** once the window has so many. */
  readonly requestsMin: number;
  /** How long it stays open before a request is let through to see, milliseconds. */
  readonly openMs: number;
};

/** The table in the file. */
export const breakerTable: v.GenericSchema<unknown, BreakerConfig> = v.pipe(
  table(
    "When the guest fails (traps, breaks the protocol, runs out of time), requests get 503 for a while.",
    {
      failures: withDefault("Failures in a row that open it.", integer(1, 1_000_000), 5),
      window_s: withDefault("How far back rate looks, in seconds.", integer(1, 3600), 10),
      rate: withDefault(
        "Share of failed requests in the window that opens it, from 0.01 to 1.",
        decimal(0.01, 1),
        0.5,
      ),
      min_requests: withDefault(
        "Requests that the window must have for rate to count.",
        integer(1, 1_000_000),
        20,
      ),
      open_s: withDefault(
        "How long it stays open, in seconds; then one request at a time tries whether the guest works again.",
        integer(1, 3600),
        5,
      ),
    },
  ),
  v.transform((file) => ({
    failures: file.failures,
    windowMs: file.window_s * 1000,
    rate: file.rate,
    requestsMin: file.min_requests,
    openMs: file.open_s * 1000,
  })),
);
