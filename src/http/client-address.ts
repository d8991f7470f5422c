/** Whose request it is: the peer's address, or what a proxy that the operator trusts says of it. */
import type { BlockList } from "node:net";

/** Loaded when there are proxies to trust: at start it would delay the first answer. */
const net = (): typeof import("node:net") => process.getBuiltinModule("node:net");

/** Proxies whose X-Forwarded-For is believed; undefined when there are none. */
export type TrustedProxies = BlockList | undefined;

/** Addresses and CIDR blocks as emend.toml names them (valid already). */
export function trustedProxies(entries: readonly string[]): TrustedProxies {
  if (entries.length === 0) return undefined;
  const { BlockList, isIP } = net();
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", prefix] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/**
 * The client's address. X-Forwarded-For is read from its end, as long as the one who wrote the entry is
 * trusted: everything further left can be made up.
 */
export function clientAddress(request: Request, peer: string | undefined, trusted: TrustedProxies): string {
  let address = normalize(peer ?? "");
  if (trusted === undefined) return address;
  const { isIP } = net();
  const forwarded = request.headers.get("x-forwarded-for")?.split(",") ?? [];
  while (isTrusted(address, trusted)) {
    const next = normalize(forwarded.pop()?.trim() ?? "");
    if (isIP(next) === 0) break;
    address = next;
  }
  return address;
}

function isTrusted(address: string, trusted: BlockList): boolean {
  const version = net().isIP(address);
  return version !== 0 && trusted.check(address, version === 6 ? "ipv6" : "ipv4");
}

/** A listener on [::] sees IPv4 clients as `::ffff:a.b.c.d`. */
function normalize(address: string): string {
  return /^::ffff:[\d.]+$/i.test(address) ? address.slice(7) : address;
}
