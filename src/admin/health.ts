/** `/healthz` and `/readyz`, for whatever watches over the node. They tell nothing, so they need no token. */
import { Hono } from "hono";

/** The only paths that are open. */
export const healthPaths = ["/healthz", "/readyz"] as const;

/** What the answers depend on. */
export interface HealthOptions {
  readonly ready: () => boolean;
}

/** Health: the process answers. Readiness: it takes requests, which a node that stops no longer does. */
export function healthRoutes({ ready }: HealthOptions): Hono {
  const [healthz, readyz] = healthPaths;
  const routes = new Hono();
  routes.get(healthz, (c) => c.text("ok"));
  routes.get(readyz, (c) => (ready() ? c.text("ok") : c.text("not ready", 503)));
  return routes;
}
