/** Takes the idle limit of a connection away while a call works: an update of a large site is silent for a while. */
import type { MiddlewareHandler } from "hono";
import { headerIdleSeconds } from "../limits.ts";
import type { AdminEnv } from "./endpoint.ts";

/** For calls that change something. Uploads have limits of their own. */
export function keepOpen(): MiddlewareHandler<AdminEnv> {
  return async function keepOpen(c, next) {
    const { raw } = c.req;
    c.env.timeout?.(raw, 0);
    try {
      await next();
    } finally {
      c.env.timeout?.(raw, headerIdleSeconds);
    }
  };
}
