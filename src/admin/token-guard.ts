/**
 * Lets only the operator in. Hono's bearerAuth is not used: it answers 400 to a header of another form, where
 * one code and one status are promised.
 */
import type { MiddlewareHandler } from "hono";
import { sha256Hex } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";

/** Who is let in. */
export interface TokenGuardOptions {
  readonly token: string;
}

/** `auth.token` unless the request carries `Authorization: Bearer TOKEN` (RFC 6750 §2.1). */
export function tokenGuard({ token }: TokenGuardOptions): MiddlewareHandler {
  const expected = digest(token);
  return async function tokenGuard(c, next) {
    const given = /^Bearer +(\S+)$/i.exec(c.req.raw.headers.get("authorization") ?? "")?.[1];
    // Digests have one length, so the comparison takes the same time whatever was sent.
    if (given === undefined || !crypto.timingSafeEqual(digest(given), expected)) {
      throw new EmendError(
        "auth.token",
        `${given === undefined ? "no" : "wrong"} operator token: expected Authorization: Bearer TOKEN (emend token prints it)`,
      );
    }
    await next();
  };
}

function digest(text: string): Uint8Array {
  return new TextEncoder().encode(sha256Hex(text));
}
