/** Takes the idle limit of a connection away while a call works: an update of a large site is silent for a while. */
import { headerIdleSeconds } from "../limits.ts";
import type { AdminContext } from "./endpoint.ts";

/** For calls that change something, once their small bodies have come. Uploads have limits of their own. */
export async function keepOpen(c: AdminContext, call: () => Response | Promise<Response>): Promise<Response> {
  const { raw } = c.req;
  c.env.timeout?.(raw, 0);
  try {
    return await call();
  } finally {
    c.env.timeout?.(raw, headerIdleSeconds);
  }
}
