/** `/healthz` and `/readyz`, for whatever watches over the node. They tell nothing, so they need no token. */
import { type Endpoint, endpoint } from "./endpoint.ts";
import { noQuery } from "./request-input.ts";

/** What the answers depend on. */
export interface HealthOptions {
  readonly ready: () => boolean;
}

const open = { method: "GET", reach: "open", role: "read", query: noQuery, body: null, codes: [] } as const;
const answer = { mediaType: "text/plain", description: "ok" };

/** Health: the process answers. Readiness: it takes requests, which a node that stops no longer does (503). */
export function healthEndpoints({ ready }: HealthOptions): Endpoint[] {
  return [
    endpoint({
      ...open,
      path: "/healthz",
      summary: "Whether the process answers.",
      answer,
      handle: ({ c }) => c.text("ok"),
    }),
    endpoint({
      ...open,
      path: "/readyz",
      summary: "Whether the node takes requests: 503 when it stops.",
      answer,
      handle: ({ c }) => (ready() ? c.text("ok") : c.text("not ready", 503)),
    }),
  ];
}
