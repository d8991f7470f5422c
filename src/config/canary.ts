/** `[site.canary]` of emend.toml: how a release is tried on a part of the requests, and what decides about it. */
import * as v from "valibot";
import { clientsCountedMax } from "../limits.ts";
import { decimal, flag, integer, maybe, text, withDefault } from "./scalar.ts";
import { table } from "./table.ts";

/** The rules of a canary. */
export type CanaryConfig = {
  /** Share of the clients, when whoever pushes names none. */
  readonly percent: number;
  /** How long it is looked at before a verdict, milliseconds. */
  readonly windowMs: number;
  /** What it has to have answered, and to how many clients, before a verdict. */
  readonly requestsMin: number;
  readonly clientsMin: number;
  /** It goes when its share of failures exceeds that of the release beside it by more, */
  readonly errorRateAbove: number;
  /** or its 99th percentile that of the other by this factor. */
  readonly p99RatioMax: number;
  /** Who is told of a verdict. */
  readonly webhook: string | undefined;
  /** Whether a cookie, and not its address, says which release a client gets. */
  readonly cookie: boolean;
};

/** The table in the file. */
export const canaryTable: v.GenericSchema<unknown, CanaryConfig> = v.pipe(
  table("A release on trial: a part of the clients gets it. Without ?canary a patch commits at once.", {
    percent: withDefault(
      "Share of the clients that get it when a push asks for a canary without a number, from 0.1 to 99.",
      decimal(0.1, 99),
      5,
    ),
    window_s: withDefault(
      "How long it is looked at before it is judged, in seconds.",
      integer(1, 604_800),
      60,
    ),
    min_requests: withDefault(
      "Requests that it must have answered before it is judged.",
      integer(1, 1_000_000_000),
      1000,
    ),
    min_clients: withDefault("Clients that these must have come from.", integer(1, clientsCountedMax), 10),
    error_rate_above: withDefault(
      "It goes when its share of failures is above that of the old release by more than this, from 0 to 1.",
      decimal(0, 1),
      0.001,
    ),
    p99_ratio_max: withDefault(
      "It goes when the 99th percentile of its times is above that of the old release by more than this factor.",
      decimal(1, 1000),
      2,
    ),
    webhook: maybe(
      "Where each verdict is sent: JSON with a text, by POST.",
      text("an http or https URL", checkWebhook, "^https?://"),
    ),
    cookie: withDefault(
      "Keep clients on their release with a cookie, not by their address (IPv6: /64 network).",
      flag(),
      false,
    ),
  }),
  v.transform((file) => ({
    percent: file.percent,
    windowMs: file.window_s * 1000,
    requestsMin: file.min_requests,
    clientsMin: file.min_clients,
    errorRateAbove: file.error_rate_above,
    p99RatioMax: file.p99_ratio_max,
    webhook: file.webhook,
    cookie: file.cookie,
  })),
);

/** What a webhook should have been, or undefined when it is fine. */
export function checkWebhook(url: string): string | undefined {
  return /^https?:\/\//.test(url) && URL.canParse(url) ? undefined : "an http or https URL";
}
