/** What a listener to one site hears of guests that fail, and what metrics and status say of it: of a whole node. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { parse } from "valibot";
import { nodeEventSchema } from "../../src/admin/index.ts";
import type { NodeEvent } from "../../src/events/index.ts";
import { kitGuest } from "../support/guests.ts";
import { waitFor } from "../support/serve-sites.ts";
import { type Files, startUpdateNode, type UpdateNode } from "../support/update-node.ts";

const files: Files = {
  "trap.wasm": kitGuest("c-trap"),
  "rust.wasm": kitGuest("rust-api"),
  "spin.wasm": kitGuest("c-spin"),
  "site.toml": [
    '[[route]]\npath = "/trap"\nmodule = "trap.wasm"\nbreaker = { failures = 3, window_s = 10, rate = 1, min_requests = 1000, open_s = 60 }\n',
    '[[route]]\npath = "/rust/*"\nmodule = "rust.wasm"\n',
    '[[route]]\npath = "/spin"\nmodule = "spin.wasm"\ncpu_ms = 20\n',
  ].join(""),
};

let node: UpdateNode;
let leave: AbortController;
const heard: Record<"blog" | "shop", NodeEvent[]> = { blog: [], shop: [] };

beforeAll(async () => {
  node = await startUpdateNode({ sites: { blog: files, shop: files } });
  leave = new AbortController();
  for (const site of ["blog", "shop"] as const) void listen(site);
  await waitFor("both streams", () => opened === 2);
});
afterAll(async () => {
  leave.abort();
  await node.stop();
});

let opened = 0;
const authorization = "Bearer the-token-of-the-tests";

async function listen(site: "blog" | "shop"): Promise<void> {
  const url = new URL(`/v1/events?site=${site}`, node.running.admin ?? "");
  const response = await fetch(url, { headers: { authorization }, signal: leave.signal });
  opened++;
  let text = "";
  try {
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk);
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines)
        if (line.startsWith("data: ")) heard[site].push(parse(nodeEventSchema, JSON.parse(line.slice(6))));
    }
  } catch {
    // The test is over.
  }
}

const next = (event: NodeEvent["event"]): Promise<NodeEvent> =>
  waitFor(`the event ${event}`, () => heard.blog.find((each) => each.event === event));

describe("events of failing guests", () => {
  test("a trap, with the last words of the guest and nothing that a client sent", async () => {
    const { http, release } = await node.get("/rust/panic?token=SECRET", "blog");
    expect(http).toBe(502);
    const event = await next("trap");
    expect(event).toMatchObject({ site: "blog", route: "/rust/*", release, status: 502, leftOut: 0 });
    expect(event).toMatchObject({
      reason: expect.stringMatching(/^the guest trapped: .*; its last words: .*asked to panic/),
    });
    expect(JSON.stringify(event)).not.toContain("SECRET");
  });

  test("a limit", async () => {
    expect((await node.get("/spin", "blog")).http).toBe(504);
    expect(await next("limit")).toMatchObject({
      route: "/spin",
      status: 504,
      reason: "over cpu_ms: 20 ms of CPU",
    });
  });

  test("a breaker that opens", async () => {
    for (let at = 0; at < 3; at++) await node.get("/trap", "blog");
    expect(await next("breaker")).toMatchObject({ route: "/trap", state: "open" });
  });

  test("of another site there is none, and an answer makes none", async () => {
    const before = heard.blog.length;
    expect((await node.get("/rust/hello?name=x", "blog")).http).toBe(200);
    expect((await node.get("/nowhere", "blog")).http).toBe(404);
    expect((await node.get("/trap", "shop")).http).toBe(502);
    await waitFor("the event of the other site", () => heard.shop.length > 0);
    expect(heard.shop.map(({ site, event }) => `${site} ${event}`)).toEqual(["shop trap"]);
    expect(heard.blog).toHaveLength(before);
    expect(heard.blog.every(({ site }) => site === "blog")).toBe(true);
  });

  test("metrics count them", async () => {
    const response = await fetch(new URL("/metrics", node.running.admin ?? ""), {
      headers: { authorization },
    });
    const lines = (await response.text()).split("\n");
    expect(lines).toContain('emend_events_total{site="blog",event="limit"} 1');
    expect(lines).toContain('emend_guest_limited_total{site="blog",limit="cpu_ms"} 1');
    expect(lines).toContain('emend_route_breakers_open{site="blog",route="/trap"} 1');
    expect(lines).toContain('emend_guest_traps_total{site="shop"} 1');
  });
});
