/**
 * Lets only those in who have a token. Hono's bearerAuth is not used: it answers 400 to a header of another form,
 * where one code and one status are promised.
 */
import type { MiddlewareHandler } from "hono";
import { EmendError } from "../errors.ts";
import type { Principal } from "../state/index.ts";
import type { AdminEnv } from "./endpoint.ts";

/** Who is let in. */
export interface TokenGuardOptions {
  /** Whose token it is, found in a time that tells nothing of the tokens there are. */
  readonly authenticate: (token: string) => Principal | undefined;
}

/** `auth.token` unless the request carries `Authorization: Bearer TOKEN` (RFC 6750 §2.1). */
export function tokenGuard({ authenticate }: TokenGuardOptions): MiddlewareHandler<AdminEnv> {
  return async function tokenGuard(c, next) {
    const given = bearerToken(c.req.raw);
    const principal = given === undefined ? undefined : authenticate(given);
    if (principal === undefined) {
      throw new EmendError(
        "auth.token",
        `${given === undefined ? "no" : "wrong"} token: expected Authorization: Bearer TOKEN (emend token prints the operator's)`,
      );
    }
    c.set("principal", principal);
    await next();
  };
}

/** The token that a request carries. */
export function bearerToken(request: Request): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}
