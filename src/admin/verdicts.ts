/** What is decided about releases that the node holds already: rollback, the verdict on a canary, the floor. */
import * as v from "valibot";
import type { NodeControl } from "./control.ts";
import { type Endpoint, endpoint } from "./endpoint.ts";
import { count, digest } from "./field.ts";
import { noQuery } from "./request-input.ts";
import { requireRole } from "./role-guard.ts";
import { siteInPath } from "./site-in-path.ts";
import { canaryStatusSchema } from "./site-update-status.ts";
import { updateResultSchema } from "./update-result.ts";

/** What `POST /v1/sites/:site/floor` answers. */
export interface FloorStatus {
  readonly site: string;
  readonly floor: number;
}

export const floorStatusSchema: v.GenericSchema<unknown, FloorStatus> = v.strictObject({
  site: v.string(),
  floor: count,
});

const deciding = { method: "POST", reach: "site" } as const;

/** The calls. */
export function verdictEndpoints(control: NodeControl): Endpoint[] {
  return [
    rollback(control),
    ...(["promote", "abort"] as const).map((verdict) => canary(control, verdict)),
    floor(control),
  ];
}

function rollback(control: NodeControl): Endpoint {
  return endpoint({
    ...deciding,
    path: "/v1/sites/:site/rollback",
    summary: "Put a kept release back: the one before, or the one that is named.",
    role: "publish",
    query: noQuery,
    body: v.strictObject({
      release: v.nullish(digest, null),
      insist: v.optional(v.boolean(), false),
    }),
    answer: { schema: updateResultSchema },
    codes: [
      "release.unknown",
      "release.bad",
      "busy",
      "probe.failed",
      "guest.memory",
      "store.full",
      "store.failed",
    ],
    handle: async ({ c, body: { release, insist } }) => {
      const principal = c.get("principal");
      if (insist) requireRole(principal, "operator");
      const site = siteInPath(control, c);
      return c.json(await site.rollback({ release, insist, actor: principal.name }));
    },
  });
}

function canary(control: NodeControl, verdict: "promote" | "abort"): Endpoint {
  return endpoint({
    ...deciding,
    path: `/v1/sites/:site/canary/${verdict}`,
    summary:
      verdict === "promote"
        ? "Let the canary answer everything."
        : "End the canary: the release before answers everything.",
    role: "publish",
    query: noQuery,
    body: v.strictObject({}),
    answer: { schema: canaryStatusSchema },
    codes: ["canary.none", "busy", "store.full", "store.failed"],
    handle: async ({ c }) =>
      c.json(await siteInPath(control, c).canary(verdict, { actor: c.get("principal").name })),
  });
}

function floor(control: NodeControl): Endpoint {
  return endpoint({
    ...deciding,
    path: "/v1/sites/:site/floor",
    summary:
      "Lower the sequence that a patch has to exceed. Older patches can be replayed then; it is audited.",
    role: "operator",
    query: noQuery,
    body: v.strictObject({ to: count }),
    answer: { schema: floorStatusSchema },
    codes: ["busy", "store.full", "store.failed"],
    handle: async ({ c, body: { to } }) => {
      const site = siteInPath(control, c);
      await site.lowerFloor(to, { actor: c.get("principal").name });
      const status: FloorStatus = { site: site.site, floor: site.status().floor };
      return c.json(status);
    },
  });
}
