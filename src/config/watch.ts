/** `watch` of a site in emend.toml: when a release that was just committed is taken back by itself. */
import * as v from "valibot";
import { decimal, integer, withDefault } from "./scalar.ts";
import { table } from "./table.ts";

/** What is looked at after a commit. */
export type WatchConfig = {
  /** How long, milliseconds; 0: not at all. */
  readonly windowMs: number;
  /** How many requests the new release has to have answered before its failures say something. */
  readonly requestsMin: number;
  /** The release goes when its share of failures exceeds that of the one before by more. */
  readonly errorRateAbove: number;
};

/** The table in the file. */
export const watchTable: v.GenericSchema<unknown, WatchConfig> = v.pipe(
  table("After a commit: when the release before comes back by itself.", {
    window_s: withDefault(
      "How long the new release is watched, in seconds; 0 does without.",
      integer(0, 86_400),
      60,
    ),
    min_requests: withDefault(
      "Requests that it must have answered before its failures count.",
      integer(1, 1_000_000_000),
      200,
    ),
    error_rate_above: withDefault(
      "It goes when its share of failures is above that of the release before by more than this, from 0 to 1.",
      decimal(0, 1),
      0.01,
    ),
  }),
  v.transform((file) => ({
    windowMs: file.window_s * 1000,
    requestsMin: file.min_requests,
    errorRateAbove: file.error_rate_above,
  })),
);
