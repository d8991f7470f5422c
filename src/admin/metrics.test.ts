import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { metricRoutesMax } from "../limits.ts";
import { bearer, type FakeListener, listenFake, nodeStatus, type TokenName } from "./control-fixture.ts";
import { metricFamilies } from "./metric-families.ts";
import type { NodeStatus } from "./status.ts";

let listener: FakeListener;
beforeAll(() => {
  listener = listenFake();
  const { events } = listener.node;
  for (const code of ["busy", "busy", "patch.signature"])
    events.publish({ event: "refused", site: "shop", code, message: "", actor: "ci" });
});
afterAll(async () => {
  await listener[Symbol.asyncDispose]();
});

async function scrape(name: TokenName): Promise<string> {
  const response = await fetch(`${listener.base}/metrics`, { headers: bearer(name) });
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  return response.text();
}

describe("GET /metrics", () => {
  test("every line is of the text format, each metric once with its help and type", async () => {
    const text = await scrape("reader");
    const name = "[a-z][a-z0-9_]*";
    const label = `${name}="(?:[^"\\\\\\n]|\\\\["\\\\n])*"`;
    const sample = new RegExp(`^${name}(?:\\{${label}(?:,${label})*\\})? [0-9.e+-]+$`);
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(lines.filter((line) => !sample.test(line))).toEqual([]);
    expect(lines.length).toBeGreaterThan(80);
    expect(new Set(lines.map((line) => line.replace(/ \S+$/, ""))).size).toBe(lines.length);
    const types = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, each]) => each);
    expect(new Set(types).size).toBe(types.length);
    expect([...text.matchAll(/^# HELP (\S+) \S/gm)].map(([, each]) => each)).toEqual(types);
  });

  test.each([
    'emend_requests_total{site="blog",class="5xx"} 2',
    'emend_requests_refused_total{site="shop",reason="breaker"} 1',
    'emend_guest_cpu_seconds_total{site="blog"} 0.000004',
    'emend_guest_instances{site="blog",state="busy"} 1',
    'emend_release_floor{site="blog"} 8',
    'emend_canary_percent{site="blog"} 5',
    'emend_canary_p99_seconds{site="blog",side="canary"} 0.0125',
    'emend_route_breakers_open{site="blog",route="/hello"} 1',
    'emend_updates_refused_total{site="shop",code="busy"} 2',
    'emend_events_total{site="shop",event="refused"} 3',
    "process_resident_memory_bytes 40000000",
    'emend_lane_requests{lane="0"} 2',
  ])("it says %p", async (line) => {
    expect((await scrape("operator")).split("\n")).toContain(line);
  });

  test("a token of one site sees nothing of another, nor of the node", async () => {
    const text = await scrape("blog-reader");
    expect(text).toContain('site="blog"');
    expect(text).not.toMatch(/shop|process_|lane|heap/);
  });

  test("a second scrape adds nothing up", async () => {
    const [first, second] = [await scrape("reader"), await scrape("reader")];
    expect(second).toBe(first);
  });
});

describe("metricFamilies", () => {
  const [blog] = nodeStatus.sites;
  const [route] = blog!.routes;
  const withRoutes = (paths: readonly string[]): NodeStatus => ({
    ...nodeStatus,
    sites: [{ ...blog!, routes: paths.map((path) => ({ ...route!, path })) }],
  });
  const requestsOf = (status: NodeStatus) =>
    metricFamilies(status, []).find(({ name }) => name === "emend_route_requests_total")?.samples ?? [];

  test("metricFamilies counts the routes of one path together, and those beyond a bound", () => {
    expect(requestsOf(withRoutes(["/a", "/a", "/b"]))).toEqual([
      [{ site: "blog", route: "/a" }, 18],
      [{ site: "blog", route: "/b" }, 9],
    ]);
    const many = requestsOf(withRoutes(Array.from({ length: metricRoutesMax + 50 }, (_, at) => `/${at}`)));
    expect(many).toHaveLength(metricRoutesMax + 1);
    expect(many.at(-1)).toEqual([{ site: "blog", route: "other" }, 450]);
  });

  test("metricFamilies names no release, so that updates make no series", () => {
    expect(JSON.stringify(metricFamilies(nodeStatus, []))).not.toContain(blog!.release.slice(7, 19));
  });

  test("metricFamilies of a site without guests, canary and routes", () => {
    const status = {
      ...nodeStatus,
      sites: [{ ...blog!, canary: null, watch: null, guests: [], routes: [] }],
    };
    const families = metricFamilies(status, []);
    expect(families.find(({ name }) => name === "emend_canary_requests")).toBeUndefined();
    expect(families.find(({ name }) => name === "emend_guest_instances")?.samples[1]?.[1]).toBe(0);
  });
});
