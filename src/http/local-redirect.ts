/**
 * Local redirects (RFC 3875 §6.2.2): a guest answers with the path of another resource on its site, and the
 * client gets that resource's answer. The new request has no body and keeps the old one's headers.
 */
import { localRedirectsMax } from "../limits.ts";
import type { RequestTarget } from "./request-target.ts";
import { parseTarget } from "./request-target.ts";

/** The parts of a call that a redirect changes. */
export interface Redirectable {
  request: Request;
  target: RequestTarget;
  route: string | null;
  reason: string | undefined;
  localRedirect: string | undefined;
  redirects: number;
}

/** Points a call at `location`; undefined, with the reason noted, when it was redirected too often or to nowhere. */
export function redirectedCall<T extends Redirectable>(call: T, location: string): T | undefined {
  call.localRedirect = undefined;
  if (++call.redirects > localRedirectsMax) {
    call.reason = `more than ${localRedirectsMax} local redirects`;
    return undefined;
  }
  const { scheme, authority } = call.target;
  const url = URL.parse(`${scheme}://${authority}${location}`);
  // A fragment is the client's business (RFC 3986 §3.5).
  if (url !== null) url.hash = "";
  const target = url === null ? undefined : parseTarget(url.href);
  if (url === null || target === undefined || target.authority !== authority.toLowerCase()) {
    call.reason = `a local redirect to ${JSON.stringify(location)}`;
    return undefined;
  }
  const headers = new Headers(call.request.headers);
  for (const name of ["content-length", "content-type", "transfer-encoding"]) headers.delete(name);
  const method = call.request.method === "HEAD" ? "HEAD" : "GET";
  const { signal } = call.request;
  call.request = new Request(url.href, { method, headers, signal });
  call.target = target;
  return call;
}
