/**
 * Which bucket a client address belongs to: eight bytes. IPv6 goes by /64, which is what one customer is given; the
 * rest of an address is the customer's to choose, so counting by it would count nothing. IPv4 goes by address, written
 * as 0:ffff:a.b.c.d/64, a network that nobody can have.
 */

/** Length of a key. */
export const clientKeyBytes = 8;

/** Writes the key of an address. What is no address has one key together, zero. */
export function writeClientKey(address: string, key: Uint8Array): void {
  const groups = groupsOf(address);
  const isMapped =
    groups.length === 8 && groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  const used = isMapped ? [0, 0xffff, groups[6]!, groups[7]!] : groups;
  for (let i = 0; i < clientKeyBytes / 2; i++) {
    const group = used[i] ?? 0;
    key[2 * i] = group >> 8;
    key[2 * i + 1] = group & 0xff;
  }
}

/** The eight groups of an address in any of its spellings, IPv4 as the mapped form; empty when it is none. */
function groupsOf(address: string): number[] {
  const zone = address.indexOf("%");
  const text = zone < 0 ? address : address.slice(0, zone);
  if (!text.includes(":")) return fromDotted(text, [0, 0, 0, 0, 0, 0xffff]);
  const [head = "", tail, ...more] = text.split("::");
  const before = fromColons(head);
  const after = fromColons(tail ?? "");
  const missing = 8 - before.length - after.length;
  const isWhole = tail === undefined ? missing === 0 : missing > 0 && more.length === 0;
  const groups = [...before, ...new Array<number>(isWhole ? missing : 0).fill(0), ...after];
  return isWhole && groups.every((group) => group >= 0 && group <= 0xffff) ? groups : [];
}

function fromColons(text: string): number[] {
  if (text === "") return [];
  const parts = text.split(":");
  return parts.flatMap((part, i) => {
    if (i === parts.length - 1 && part.includes(".")) {
      const groups = fromDotted(part, []);
      return groups.length === 2 ? groups : [-1];
    }
    return [/^[0-9a-fA-F]{1,4}$/.test(part) ? Number.parseInt(part, 16) : -1];
  });
}

/** `a.b.c.d` as two groups behind those given; empty when it is none. */
function fromDotted(text: string, groups: readonly number[]): number[] {
  const bytes = text.split(".").map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  if (bytes.length !== 4 || bytes.some((byte) => byte > 255)) return [];
  return [...groups, (bytes[0]! << 8) | bytes[1]!, (bytes[2]! << 8) | bytes[3]!];
}
