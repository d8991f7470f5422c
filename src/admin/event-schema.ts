/** The schema of an event, for whoever reads `GET /v1/events`. */
import * as v from "valibot";
import type { NodeEvent } from "../events/index.ts";
import { count, digest, moment } from "./field.ts";

const common = { id: count, at: moment, site: v.string() };
const change = { from: digest, to: digest, actor: v.string() };
const route = { ...common, route: v.string(), reason: v.string() };

const guestFailed = {
  ...route,
  release: v.nullable(v.string()),
  status: count,
  leftOut: count,
};

const canaryEnded = { ...common, ...change, generation: count, reason: v.string() };

/** An event as its JSON. */
export const nodeEventSchema: v.GenericSchema<unknown, NodeEvent> = v.variant("event", [
  v.strictObject({ event: v.literal("staged"), ...common, ...change, sequence: count }),
  v.strictObject({ event: v.literal("committed"), ...common, ...change, sequence: count, generation: count }),
  v.strictObject({
    event: v.literal("refused"),
    ...common,
    code: v.string(),
    message: v.string(),
    actor: v.string(),
  }),
  v.strictObject({
    event: v.literal("rolled-back"),
    ...common,
    ...change,
    generation: count,
    reason: v.string(),
  }),
  v.strictObject({
    event: v.literal("canary-started"),
    ...common,
    ...change,
    sequence: count,
    percent: v.number(),
  }),
  v.strictObject({ event: v.literal("canary-promoted"), ...canaryEnded }),
  v.strictObject({ event: v.literal("canary-aborted"), ...canaryEnded }),
  v.strictObject({ event: v.literal("trap"), ...guestFailed }),
  v.strictObject({ event: v.literal("limit"), ...guestFailed }),
  v.strictObject({
    event: v.literal("breaker"),
    ...route,
    state: v.picklist(["closed", "open", "half-open"]),
  }),
  v.strictObject({
    event: v.literal("reloaded"),
    ...common,
    checksum: digest,
    generation: count,
    actor: v.string(),
  }),
]);

/** An event of a node that may be newer than its reader. */
export interface AnyEvent {
  readonly id: number;
  readonly at: string;
  readonly site: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** What every event has. */
export const anyEventSchema: v.GenericSchema<unknown, AnyEvent> = v.looseObject({
  ...common,
  event: v.string(),
});
