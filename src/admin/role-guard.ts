/** What a token may do, and whom it may see. */
import type { MiddlewareHandler } from "hono";
import { EmendError } from "../errors.ts";
import type { Principal, Role } from "../state/index.ts";
import type { AdminEnv, Endpoint } from "./endpoint.ts";

const rank: Readonly<Record<Role, number>> = { read: 0, publish: 1, operator: 2 };

/** `auth.role` unless the token has the role of the call and concerns what the call does. */
export function roleGuard({ role, reach }: Pick<Endpoint, "role" | "reach">): MiddlewareHandler<AdminEnv> {
  return async function roleGuard(c, next) {
    const principal = c.get("principal");
    requireRole(principal, role);
    if (reach === "node") requireNode(principal);
    // Before anybody looks whether there is such a site: a token of one learns nothing of the names of others.
    if (reach === "site") requireSite(principal, c.req.param("site") ?? "");
    await next();
  };
}

/** Throws `auth.role` for a token of a lesser role. */
export function requireRole(principal: Principal, role: Role): void {
  if (rank[principal.role] >= rank[role]) return;
  throw new EmendError("auth.role", `expected a token with the role ${role}, got one with ${principal.role}`);
}

/** The site that a call is about: the one asked for, the token's own, or null for all. Throws `auth.role`. */
export function siteInReach(principal: Principal, asked: string | undefined): string | null {
  if (asked === undefined) return principal.site;
  requireSite(principal, asked);
  return asked;
}

function requireSite(principal: Principal, site: string): void {
  if (principal.site === null || principal.site === site) return;
  throw new EmendError("auth.role", `the token is for the site ${principal.site} only`);
}

function requireNode(principal: Principal): void {
  if (principal.site === null) return;
  throw new EmendError(
    "auth.role",
    `the call is about the node, the token for the site ${principal.site} only`,
  );
}
