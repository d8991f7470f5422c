/**
 * Refuses requests that are not addressed to this node. A page whose name was made to point at this machine
 * (DNS rebinding) reaches the listener, but its browser sends the page's own name as Host: an IP address,
 * localhost or a name that the operator listed cannot be such a page.
 */
import type { MiddlewareHandler } from "hono";
import { EmendError } from "../errors.ts";

/** Which names are ours. */
export interface HostGuardOptions {
  /** Further host names, case-insensitive, without port. */
  readonly hosts: readonly string[];
}

/** `auth.host` for a foreign Host, `request.malformed` for none, several or a broken one. */
export function hostGuard({ hosts }: HostGuardOptions): MiddlewareHandler {
  const ours = new Set(["localhost", ...hosts.map((host) => host.toLowerCase())]);
  return async function hostGuard(c, next) {
    const name = hostName(c.req.raw.headers.get("host"));
    if (!ours.has(name) && !isAddress(name)) {
      throw new EmendError(
        "auth.host",
        "this listener is addressed by IP address, as localhost or by a name in admin_hosts",
      );
    }
    await next();
  };
}

/** The host of `NAME`, `NAME:PORT` or `[IPV6]:PORT`, in lower case. The server joins several Hosts with ", ". */
function hostName(header: string | null): string {
  const match = /^(?:(\[[0-9a-f:.]+\])|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header ?? "");
  const name = match?.[1] ?? match?.[2];
  if (name === undefined)
    throw new EmendError("request.malformed", "expected one Host header, a name or an address");
  return name.toLowerCase();
}

/**
 * Whether it is an IPv6 address in brackets, or an IPv4 address as it is usually written: `127.1` and `0x7f.0.0.1` may
 * be anybody's names. By the URL parser: node:net knows as well, and takes longer to load than the whole answer.
 */
function isAddress(name: string): boolean {
  if (!name.startsWith("[") && !/^[\d.]+$/.test(name)) return false;
  const url = URL.parse(`http://${name}/`);
  return url !== null && (name.startsWith("[") || url.hostname === name);
}
