/** Which site answers: hosts, wildcards, and nobody. */
import { afterAll, describe, expect, test } from "bun:test";
import { kitGuest } from "../support/guests.ts";
import { rawRequest } from "../support/raw-connection.ts";
import { type SiteUnderTest, serveSites } from "../support/serve-sites.ts";

const named = (name: string, ...hosts: string[]): SiteUnderTest => ({
  name,
  hosts,
  files: { "public/index.html": name, "hello.wasm": kitGuest("c-hello") },
});
const strict = await serveSites([
  named("exact", "Example.org", "[::1]"),
  named("below", "*.example.org"),
  named("deep", "*.deep.example.org", "www.example.org"),
]);
const open = await serveSites([named("exact", "example.org"), named("rest", "*")]);
afterAll(() => Promise.all([strict.stop(), open.stop()]));

describe("a node with named hosts", () => {
  const cases: readonly [host: string, site: string | 421][] = [
    ["example.org", "exact"],
    ["EXAMPLE.ORG", "exact"],
    ["example.org:8080", "exact"],
    ["example.org.", "exact"],
    ["[::1]:8080", "exact"],
    ["[::1]", "exact"],
    ["a.example.org", "below"],
    ["a.b.Example.org:1", "below"],
    ["www.example.org", "deep"],
    ["x.deep.example.org", "deep"],
    ["deep.example.org", "below"],
    [".example.org", 421],
    ["notexample.org", 421],
    ["example.org.evil.test", 421],
    ["example.com", 421],
    ["127.0.0.1", 421],
    ["[::2]", 421],
  ];
  test.each(cases)("answers Host: %s with %p", async (host, site) => {
    const response = await rawRequest(strict.port, "GET /", [`Host: ${host}`]);
    const expected = site === 421 ? [421, "421 Misdirected Request\n"] : [200, site];
    expect([response?.status, response?.body.toString()]).toEqual(expected);
  });

  test("goes by the Host, also where the target names another", async () => {
    const response = await rawRequest(strict.port, "GET http://example.org/", ["Host: example.com"]);
    expect(response?.status).toBe(421);
  });

  test("logs who was not found, with no site", async () => {
    const record = await strict.record(({ reason }) => String(reason).includes('"example.com"'));
    expect(record).toMatchObject({ status: 421, site: null, route: null, release: null });
  });
});

test("a site for every host takes what no other has", async () => {
  const of = async (host: string): Promise<string | undefined> =>
    (await rawRequest(open.port, "GET /", [`Host: ${host}`]))?.body.toString();
  expect([await of("example.org"), await of("a.example.org"), await of("127.0.0.1")]).toEqual([
    "exact",
    "rest",
    "rest",
  ]);
});

test("the same module on several sites is compiled once, and its instances are not shared", async () => {
  for (const host of ["example.org", "other.test"]) {
    expect((await rawRequest(open.port, "GET /hello", [`Host: ${host}`]))?.status).toBe(200);
  }
  const lives = ["exact", "rest"].map((site) => open.pools(site)["hello.wasm"]?.live);
  expect(lives).toEqual([1, 1]);
});
