/** `GET /v1/audit`: who did what, when, and what came of it. */
import * as v from "valibot";
import { auditEntriesMax } from "../limits.ts";
import type { NodeControl } from "./control.ts";
import { type Endpoint, endpoint } from "./endpoint.ts";
import { digest, moment } from "./field.ts";
import { siteInReach } from "./role-guard.ts";
import { existingSite } from "./site-in-path.ts";

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

interface AuditQuery {
  readonly site: string | undefined;
  readonly limit: number;
}

const query: v.GenericSchema<unknown, AuditQuery> = v.pipe(
  v.strictObject({
    site: v.optional(v.string()),
    limit: v.optional(
      v.pipe(
        v.string(),
        v.regex(/^\d{1,4}$/, `expected a number from 1 to ${auditEntriesMax}`),
        v.transform(Number),
        v.minValue(1),
        v.maxValue(auditEntriesMax),
      ),
      "100",
    ),
  }),
  v.transform(({ site, limit }) => ({ site, limit })),
);

/** The call. A token of one site sees its entries. */
export function auditEndpoint(control: NodeControl): Endpoint {
  return endpoint({
    method: "GET",
    path: "/v1/audit",
    summary: "Who did what, newest first; ?site= and ?limit= narrow it.",
    reach: "own",
    role: "read",
    query,
    body: null,
    answer: { schema: auditSchema },
    codes: ["site.unknown"],
    handle: async ({ c, query: { site: asked, limit } }) => {
      const site = siteInReach(c.get("principal"), asked);
      if (site !== null) existingSite(control, site);
      const audit: Audit = { entries: await control.audits({ site, limit }) };
      return c.json(audit);
    },
  });
}
