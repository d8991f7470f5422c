/** Where a listener binds: `HOST:PORT`, `[IPV6]:PORT`, or `:PORT` for every interface. */
import { checkHost } from "./host-name.ts";

/** A parsed address. `hostname` is as Bun.serve takes it (IPv6 without brackets), undefined for every interface. */
export type ListenAddress = { readonly hostname: string | undefined; readonly port: number };

/** What an address should have been, in words. */
export const expectedAddress = 'an address such as "127.0.0.1:8080", "[::1]:8080" or ":8080"';

/** What JSON Schema can say of it. */
export const addressPattern = "^([^:/ ]*|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$";

/** Reads an address; port 0 lets the system pick one. Undefined for a text that is none. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [, host, digits] = /^(\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (host === undefined || port > 65_535) return undefined;
  if (host === "") return { hostname: undefined, port };
  if (checkHost(host) !== undefined) return undefined;
  return { hostname: host.startsWith("[") ? host.slice(1, -1) : host, port };
}

/** Whether two listeners would fight for a port: the same one on the same host, or on every interface. */
export function isSameListener(a: ListenAddress, b: ListenAddress): boolean {
  if (a.port !== b.port || a.port === 0) return false;
  return isEveryInterface(a) || isEveryInterface(b) || a.hostname === b.hostname;
}

function isEveryInterface({ hostname }: ListenAddress): boolean {
  return hostname === undefined || hostname === "0.0.0.0" || hostname === "::";
}
