/** Where a node's admin API is and by what it lets this command in: decided before anything is sent. */
import { isIPv4 } from "node:net";
import { EmendError } from "../errors.ts";

/** A node's admin listener, and the token for it. */
export interface NodeAddress {
  /** `https://HOST:PORT`, without a slash at the end. */
  readonly origin: string;
  readonly token: string;
  /** Certificates that are trusted instead of the system's, PEM. */
  readonly ca: string | undefined;
}

/** What a command line and its environment say about a node. */
export interface AddressOptions {
  readonly token: string | undefined;
  /** Send the token without TLS to another machine. */
  readonly insecure: boolean;
  readonly ca: string | undefined;
}

/** Whether a text is meant as the address of a node and not as a path. */
export function isNodeAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** @throws EmendError `usage` for an address that is none, a missing token, or one that would travel in the clear. */
export function parseNodeAddress(text: string, { token, insecure, ca }: AddressOptions): NodeAddress {
  const url = isNodeAddress(text) ? URL.parse(text) : null;
  if (url === null || `${url.pathname}${url.search}${url.hash}` !== "/" || url.username !== "") {
    throw new EmendError(
      "usage",
      `${JSON.stringify(text)}: expected the admin address of a node, http(s)://HOST:PORT`,
    );
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname) && !insecure) {
    throw new EmendError(
      "usage",
      `${url.origin}: the token would travel unencrypted; use https, or a tunnel to the node's loopback ` +
        "(ssh -L 9080:127.0.0.1:9080 NODE), or --insecure on a network that you trust",
    );
  }
  // The token itself is in no message: they end up in logs.
  if (token === undefined || token === "") {
    throw new EmendError(
      "usage",
      `${url.origin}: expected a token in EMEND_TOKEN or --token (emend token prints it)`,
    );
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new EmendError("usage", "the token: expected printable ASCII without white space");
  }
  if (isLoopback(url.hostname)) bypassProxy(url.hostname);
  return { origin: url.origin, token, ca };
}

/** Names that no resolver and no network takes elsewhere. */
function isLoopback(hostname: string): boolean {
  if (hostname === "localhost" || hostname === "[::1]") return true;
  return isIPv4(hostname) && hostname.startsWith("127.");
}

/** The runtime's fetch gives loopback requests, with the token, to whatever `http_proxy` names; there is no option. */
function bypassProxy(hostname: string): void {
  for (const name of ["NO_PROXY", "no_proxy"]) {
    process.env[name] = [process.env[name], hostname].filter(Boolean).join(",");
  }
}
