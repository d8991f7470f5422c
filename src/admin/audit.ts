/** `GET /v1/audit`: who did what, when, and what came of it. */
import * as v from "valibot";
import { digest, moment } from "./field.ts";

/** One thing that somebody asked for. */
export interface AuditEntry {
  readonly at: string;
  /** `operator`, the name of a token, or `node` for what it did by itself. */
  readonly actor: string;
  /** Null for what concerns the whole node. */
  readonly site: string | null;
  /** Such as `patch`, `rollback`, `canary.promote`, `floor`, `reload`. */
  readonly action: string;
  /** `ok`, or the code of the refusal. */
  readonly verdict: string;
  /** Content digest of what it was about. */
  readonly release: string | null;
  /** For people. */
  readonly detail: string | null;
}

/** What the call answers: newest first. */
export interface Audit {
  readonly entries: readonly AuditEntry[];
}

/** The schema of the answer. */
export const auditSchema: v.GenericSchema<unknown, Audit> = v.strictObject({
  entries: v.array(
    v.strictObject({
      at: moment,
      actor: v.string(),
      site: v.nullable(v.string()),
      action: v.string(),
      verdict: v.string(),
      release: v.nullable(digest),
      detail: v.nullable(v.string()),
    }),
  ),
});
