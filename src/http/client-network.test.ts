import { describe, expect, test } from "bun:test";
import { clientFraction, clientNetwork } from "./client-network.ts";

const same: readonly [string, string][] = [
  ["192.0.2.1", "::ffff:192.0.2.1"],
  ["2001:db8::1", "2001:db8:0:0:ffff::"],
  ["2001:DB8::1", "2001:db8::2"],
];
const other: readonly [string, string][] = [
  ["192.0.2.1", "192.0.2.2"],
  ["2001:db8::1", "2001:db8:0:1::1"],
  ["2001:db8::1", "2001:db9::1"],
];

describe("clientNetwork", () => {
  test.each(same)("is the same for %s and %s", (a, b) => {
    expect(clientNetwork(a)).toBe(clientNetwork(b));
  });

  test.each(other)("is another for %s and %s", (a, b) => {
    expect(clientNetwork(a)).not.toBe(clientNetwork(b));
  });

  test("is a number that holds all of its digits", () => {
    for (const address of ["ffff:ffff:ffff:ffff::", "255.255.255.255", "0.0.0.0", "no address"])
      expect(Number.isSafeInteger(clientNetwork(address))).toBe(true);
  });
});

describe("clientFraction", () => {
  const key = new Uint8Array(32).fill(1);

  test.each(same)("is the same for %s and %s", (a, b) => {
    expect(clientFraction(a, key)).toBe(clientFraction(b, key));
  });

  test("spreads addresses evenly, differently with each key", () => {
    const otherKey = new Uint8Array(32).fill(2);
    const addresses = Array.from({ length: 10_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    const low = (with_: Uint8Array) => addresses.filter((address) => clientFraction(address, with_) < 0.05);
    const [first, second] = [low(key), new Set(low(otherKey))];
    // 5 % of 10,000 with a deviation of 22; of these 5 % again.
    expect(Math.abs(first.length - 500)).toBeLessThan(130);
    expect(Math.abs(second.size - 500)).toBeLessThan(130);
    expect(first.filter((address) => second.has(address)).length).toBeLessThan(60);
  });
});
