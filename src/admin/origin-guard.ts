/** Refuses what a foreign page in somebody's browser sends here, even with the right token. */
import type { MiddlewareHandler } from "hono";
import { EmendError } from "../errors.ts";

/**
 * `auth.origin` for an Origin whose host and port are not those of the Host header. The scheme may differ:
 * with a proxy that ends TLS it does, and one port does not speak two.
 */
export function originGuard(): MiddlewareHandler {
  return async function originGuard(c, next) {
    const { headers } = c.req.raw;
    const origin = headers.get("origin");
    const host = headers.get("host") ?? "";
    if (origin !== null && origin.toLowerCase().replace(/^https?:\/\//, "") !== host.toLowerCase()) {
      throw new EmendError("auth.origin", "requests from pages of another origin are not answered");
    }
    await next();
  };
}
