/** Answers of the control plane are for the one who asked, now. */
import type { MiddlewareHandler } from "hono";

/** Keeps answers out of caches, and browsers from guessing what they are. */
export function noStore(): MiddlewareHandler {
  return async function noStore(c, next) {
    await next();
    c.header("cache-control", "no-store");
    c.header("x-content-type-options", "nosniff");
  };
}
