import { describe, expect, test } from "bun:test";
import { clientAddress, trustedProxies } from "./client-address.ts";

function addressOf(peer: string | undefined, trusted: readonly string[], forwarded?: string): string {
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  return clientAddress(new Request("http://h.test/", { headers }), peer, trustedProxies(trusted));
}

const proxies = ["10.0.0.0/8", "192.0.2.1", "fd00::/8"];

describe("clientAddress", () => {
  test.each([
    ["127.0.0.1", "127.0.0.1"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8::1", "2001:db8::1"],
    [undefined, ""],
  ])("without proxies is the peer %p, whatever a header says", (peer, expected) => {
    expect(addressOf(peer, [], "203.0.113.9")).toBe(expected);
  });

  const cases: readonly [what: string, peer: string, forwarded: string | undefined, expected: string][] = [
    ["a peer that is no proxy", "198.51.100.1", "203.0.113.9", "198.51.100.1"],
    ["one proxy", "10.1.1.1", "203.0.113.9", "203.0.113.9"],
    ["a proxy that listens on [::]", "::ffff:10.1.1.1", "203.0.113.9", "203.0.113.9"],
    ["two proxies", "10.1.1.1", "203.0.113.9, 192.0.2.1", "203.0.113.9"],
    ["a made-up entry in front", "10.1.1.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"],
    ["made-up proxies in front", "10.1.1.1", "1.1.1.1, 10.9.9.9, 203.0.113.9", "203.0.113.9"],
    ["nothing but proxies", "10.1.1.1", "10.2.2.2, 10.3.3.3", "10.2.2.2"],
    ["no header", "10.1.1.1", undefined, "10.1.1.1"],
    ["an empty header", "10.1.1.1", "", "10.1.1.1"],
    ["commas", "10.1.1.1", ",,, ,", "10.1.1.1"],
    ["a word", "10.1.1.1", "unknown", "10.1.1.1"],
    ["a word in front of a proxy", "10.1.1.1", "unknown, 10.2.2.2", "10.2.2.2"],
    ["a name", "10.1.1.1", "localhost", "10.1.1.1"],
    ["IPv6", "fd00::1", "2001:db8::9", "2001:db8::9"],
    ["IPv4 as IPv6", "10.1.1.1", "::FFFF:203.0.113.9", "203.0.113.9"],
    ["a proxy written as IPv6", "10.1.1.1", "203.0.113.9, ::ffff:10.2.2.2", "203.0.113.9"],
    ["a port, so no address", "10.1.1.1", "203.0.113.9:4711", "10.1.1.1"],
    ["brackets, so no address", "10.1.1.1", "[2001:db8::9]", "10.1.1.1"],
    ["brackets and a port", "10.1.1.1", "[2001:db8::9]:443", "10.1.1.1"],
    ["no number", "10.1.1.1", "256.1.1.1", "10.1.1.1"],
    ["a number too many", "10.1.1.1", "1.2.3.4.5", "10.1.1.1"],
    ["a range", "10.1.1.1", "203.0.113.0/24", "10.1.1.1"],
    ["octal", "10.1.1.1", "0300.0.0.1", "10.1.1.1"],
    ["a colon alone", "10.1.1.1", ":80", "10.1.1.1"],
    ["half a bracket", "10.1.1.1", "[2001:db8::9", "10.1.1.1"],
    ["an empty bracket", "10.1.1.1", "[]:80", "10.1.1.1"],
    ["quotes", "10.1.1.1", '"203.0.113.9"', "10.1.1.1"],
    ["latin-1", "10.1.1.1", "\xff\xfe", "10.1.1.1"],
    ["4,000 entries", "10.1.1.1", `203.0.113.9,${"10.0.0.1,".repeat(4000)}10.0.0.2`, "203.0.113.9"],
    ["16 KB of digits", "10.1.1.1", "1".repeat(16_000), "10.1.1.1"],
    ["16 KB of dots and colons", "10.1.1.1", ".:".repeat(8000), "10.1.1.1"],
  ];
  test.each(cases)("behind %s", (_, peer, forwarded, expected) => {
    expect(addressOf(peer, proxies, forwarded)).toBe(expected);
  });
});
