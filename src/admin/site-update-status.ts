/** How a site stands with its updates: what runs, what is kept, and what is being tried out. */
import * as v from "valibot";
import { count, digest, measure, moment } from "./field.ts";

/** How the requests of one release went. */
export interface HealthCounts {
  readonly requests: number;
  /** Answers of 5xx that are the release's fault: not those that were turned away, nor what clients did. */
  readonly failures: number;
  /** Distinct clients, counted up to a cap. */
  readonly clients: number;
  /** Null before there was a request. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** The time after a commit in which the release before comes back by itself. */
export interface WatchStatus {
  /** The release that is watched, */
  readonly release: string;
  /** and the one that would come back. */
  readonly before: string;
  readonly startedAt: string;
  readonly endsAt: string;
  readonly health: HealthCounts;
}

/** A release that answers a part of the requests, or what became of the last one. */
export interface CanaryStatus {
  readonly state: "running" | "promoted" | "aborted";
  /** The release that is tried, */
  readonly release: string;
  readonly sequence: number;
  /** and the one that answers the rest. */
  readonly before: string;
  readonly percent: number;
  readonly startedAt: string;
  /** When its window is over; a verdict needs its minimum of requests and clients as well. */
  readonly endsAt: string;
  /** Of each side since the canary began. */
  readonly health: { readonly canary: HealthCounts; readonly before: HealthCounts };
  /** Why it ended; null while it runs. */
  readonly reason: string | null;
}

/** A release that the node holds. */
export interface ReleaseSummary {
  readonly release: string;
  readonly state: "running" | "canary" | "kept";
  /** 0 for what the node was started with. */
  readonly sequence: number;
  readonly label: string | null;
  /** When it was signed, and when it was first committed here; null for what the node was started with. */
  readonly createdAt: string | null;
  readonly committedAt: string | null;
  readonly files: number;
  readonly bytes: number;
  /** It was rolled back from, and comes back only when somebody insists. */
  readonly bad: boolean;
}

/** The part of a site's status that updates change. */
export interface SiteUpdateStatus {
  readonly site: string;
  /** Content digest of the running release, `sha256:…`; while there is a canary, of the one before. */
  readonly release: string;
  /** The publisher's number; 0 for what the node was started with. */
  readonly sequence: number;
  /** The highest sequence ever committed: a patch needs a higher one. */
  readonly floor: number;
  /** The node's counter of commits, rollbacks and canary verdicts. */
  readonly generation: number;
  /** An update is under way. */
  readonly busy: boolean;
  readonly watch: WatchStatus | null;
  /** The one that runs, or the last verdict since the node started. */
  readonly canary: CanaryStatus | null;
  /** Newest first. */
  readonly releases: readonly ReleaseSummary[];
}

const health = v.strictObject({
  requests: count,
  failures: count,
  clients: count,
  p50Ms: v.nullable(measure),
  p99Ms: v.nullable(measure),
});

const watch = v.strictObject({
  release: digest,
  before: digest,
  startedAt: moment,
  endsAt: moment,
  health,
});

/** What `POST /v1/sites/:site/canary/…` answers. */
export const canaryStatusSchema: v.GenericSchema<unknown, CanaryStatus> = v.strictObject({
  state: v.picklist(["running", "promoted", "aborted"]),
  release: digest,
  sequence: count,
  before: digest,
  percent: v.pipe(v.number(), v.minValue(0), v.maxValue(100)),
  startedAt: moment,
  endsAt: moment,
  health: v.strictObject({ canary: health, before: health }),
  reason: v.nullable(v.string()),
});

/** An entry of `GET /v1/sites/:site/releases`. */
export const releaseSummarySchema: v.GenericSchema<unknown, ReleaseSummary> = v.strictObject({
  release: digest,
  state: v.picklist(["running", "canary", "kept"]),
  sequence: count,
  label: v.nullable(v.string()),
  createdAt: v.nullable(moment),
  committedAt: v.nullable(moment),
  files: count,
  bytes: count,
  bad: v.boolean(),
});

/** The fields of `SiteUpdateStatus`, for the status of a site, which has more. */
export const siteUpdateFields: {
  readonly [Key in keyof SiteUpdateStatus]: v.GenericSchema<unknown, SiteUpdateStatus[Key]>;
} = {
  site: v.string(),
  release: digest,
  sequence: count,
  floor: count,
  generation: count,
  busy: v.boolean(),
  watch: v.nullable(watch),
  canary: v.nullable(canaryStatusSchema),
  releases: v.array(releaseSummarySchema),
};
