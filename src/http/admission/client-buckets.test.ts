import { describe, expect, test } from "bun:test";
import { createRandom } from "../../../test/support/random.ts";
import { clientBucketCells } from "../../limits.ts";
import { ClientBuckets } from "./client-buckets.ts";
import { TokenBucket } from "./token-bucket.ts";

/** How many of `count` requests at once an address is let. */
function burst(buckets: ClientBuckets, address: string, count: number, nowMs: number): number {
  return Array.from({ length: count }, () => buckets.take(address, nowMs)).filter((wait) => wait === 0)
    .length;
}

const ipv4 = (number: number): string =>
  `10.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
const ipv6 = (number: number): string =>
  `2001:db8:${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}::1`;

describe("ClientBuckets", () => {
  test.each([
    ["an IPv4 client", "192.0.2.1", "192.0.2.2"],
    ["an IPv6 network", "2001:db8::1", "2001:db8:0:1::1"],
    ["an IPv4 client on [::]", "::ffff:192.0.2.1", "::ffff:192.0.2.2"],
  ])("give %s a bucket of its own", (_, one, other) => {
    const buckets = new ClientBuckets(3);
    expect(burst(buckets, one, 10, 0)).toBe(3);
    expect(burst(buckets, other, 10, 0)).toBe(3);
    expect(burst(buckets, one, 10, 1000)).toBe(3);
  });

  test.each([
    ["the addresses of one /64", (i: number) => `2001:db8:1:2:${i.toString(16)}::${i.toString(16)}`],
    ["spellings of one address", (i: number) => ["::ffff:1.2.3.4", "1.2.3.4", "::ffff:102:304"][i % 3]!],
    ["what is no address", (i: number) => `unknown-${i}`],
  ])("give %s one bucket", (_, address) => {
    const buckets = new ClientBuckets(5);
    const taken = Array.from({ length: 1000 }, (_, i) => buckets.take(address(i), 0)).filter(
      (wait) => wait === 0,
    );
    expect(taken).toHaveLength(5);
  });

  test("let nobody have more than a bucket of one's own would, however many there are", () => {
    const random = createRandom();
    const buckets = new ClientBuckets(2);
    const exact = new Map<string, TokenBucket>();
    let nowMs = 0;
    let refused = 0;
    for (let i = 0; i < 100_000; i++) {
      nowMs += random.below(2);
      const address = random.pick([ipv4, ipv6])(random.below(40_000));
      const own = exact.get(address) ?? new TokenBucket(2);
      exact.set(address, own);
      if (buckets.take(address, nowMs) > 0) refused++;
      // What the table grants, the exact bucket grants as well: it has seen no more.
      else expect([random.seed, i, own.take(nowMs)]).toEqual([random.seed, i, 0]);
    }
    expect(refused).toBeGreaterThan(0);
  });

  test("cannot be reset by filling them: of 200,000 other addresses not one gives a token back", () => {
    const buckets = new ClientBuckets(1);
    expect(burst(buckets, "203.0.113.9", 5, 0)).toBe(1);
    for (let i = 0; i < 200_000; i++) buckets.take(ipv6(i), 0);
    expect(burst(buckets, "203.0.113.9", 5, 0)).toBe(0);
    // And all that is forgotten when its time is over.
    expect(burst(buckets, "203.0.113.9", 5, 2000)).toBe(1);
  });

  test("let next to nobody pay for 1,000 busy clients", () => {
    const buckets = new ClientBuckets(10);
    for (let i = 0; i < 1000; i++) burst(buckets, ipv6(i), 10, 0);
    const innocent = 20_000;
    let wronged = 0;
    for (let i = 0; i < innocent; i++) if (buckets.take(ipv4(i), 0) > 0) wronged++;
    // Each of them takes a token too, so the odds are a little over those of the 1,000 alone.
    expect(wronged).toBeLessThan(innocent / 100);
  });

  test("stay as large as they are", () => {
    expect(Math.log2(clientBucketCells) % 1).toBe(0);
    expect(clientBucketCells).toBeLessThanOrEqual(65_536);
  });
});
