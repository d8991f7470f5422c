/** What an update or a rollback answers. */
import * as v from "valibot";
import { count, digest, measure } from "./field.ts";
import { type CanaryStatus, canaryStatusSchema } from "./site-update-status.ts";

/** A release that was applied, tried out, put back, or only checked. */
export interface UpdateResult {
  /** `checked`: a dry run, nothing was changed. `canary`: it answers a part of the requests. */
  readonly status: "applied" | "canary" | "checked" | "rolled-back";
  readonly from: string;
  readonly to: string;
  readonly sequence: number;
  readonly generation: number;
  /** Of the patch file as it came (0 for a rollback), and of the whole release. */
  readonly bytes: { readonly patch: number; readonly full: number };
  /** How long each step took; 0 for one that was not needed. */
  readonly ms: UpdateTimes;
  /** Only with the status `canary`. */
  readonly canary: CanaryStatus | null;
}

/** The steps of an update, milliseconds. */
export interface UpdateTimes {
  /** Signature, policy and the hash of each payload, */
  readonly verify: number;
  /** deltas, */
  readonly apply: number;
  readonly compile: number;
  readonly probe: number;
  /** making it durable, */
  readonly store: number;
  /** the pause between the last request of the old release and the first of the new one. */
  readonly swap: number;
  /** From the head of the upload to the answer. */
  readonly total: number;
}

/** What `POST /v1/sites/:site/patches` and `…/rollback` answer. */
export const updateResultSchema: v.GenericSchema<unknown, UpdateResult> = v.strictObject({
  status: v.picklist(["applied", "canary", "checked", "rolled-back"]),
  from: digest,
  to: digest,
  sequence: count,
  generation: count,
  bytes: v.strictObject({ patch: count, full: count }),
  ms: v.strictObject({
    verify: measure,
    apply: measure,
    compile: measure,
    probe: measure,
    store: measure,
    swap: measure,
    total: measure,
  }),
  canary: v.nullable(canaryStatusSchema),
});
