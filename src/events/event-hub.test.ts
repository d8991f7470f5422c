import { describe, expect, test } from "bun:test";
import { eventsKeptMax } from "../limits.ts";
import { EventHub } from "./event-hub.ts";
import type { NodeEvent, NodeEventBody } from "./node-event.ts";

const refused = (site: string, code = "patch.signature"): NodeEventBody => ({
  ...{ event: "refused", site, code, message: "", actor: "ci" },
});

function listen(hub: EventHub, site: string | null): NodeEvent[] & Disposable {
  const heard: NodeEvent[] = [];
  const subscription = hub.subscribe({ site }, (event) => heard.push(event));
  return Object.assign(heard, { [Symbol.dispose]: () => subscription[Symbol.dispose]() });
}

describe("EventHub", () => {
  test("publish tells listeners of the site and of the node, with the time", () => {
    const hub = new EventHub(() => 0);
    const [blog, shop, node] = [listen(hub, "blog"), listen(hub, "shop"), listen(hub, null)];
    hub.publish(refused("blog"));
    expect([...blog]).toEqual([{ id: 0, at: "1970-01-01T00:00:00.000Z", ...refused("blog") }]);
    expect([...node]).toEqual([...blog]);
    expect([...shop]).toEqual([]);
  });

  test("ids of a stream count up by one, whatever happens on other sites", () => {
    const hub = new EventHub(() => 5);
    const [blog, node] = [listen(hub, "blog"), listen(hub, null)];
    for (const site of ["blog", "shop", "shop", "blog", "shop"]) hub.publish(refused(site));
    expect(blog.map(({ id }) => id)).toEqual([5000, 5001]);
    expect(node.map(({ id }) => id)).toEqual([5000, 5001, 5002, 5003, 5004]);
  });

  test("a hub that is made later begins with higher ids", () => {
    const before = new EventHub(() => 1);
    for (let at = 0; at < 900; at++) before.publish(refused("blog"));
    const after = new EventHub(() => 2);
    after.publish(refused("blog"));
    const last = before.since({ site: null }, 0).at(-1)?.id ?? 0;
    expect(after.since({ site: null }, last)).toHaveLength(1);
  });

  test("since gives what is kept after an id, oldest first, of that stream alone", () => {
    const hub = new EventHub(() => 0);
    for (const site of ["blog", "shop", "blog", "blog"]) hub.publish(refused(site));
    expect(hub.since({ site: "blog" }, 0).map(({ id, site }) => [id, site])).toEqual([
      [1, "blog"],
      [2, "blog"],
    ]);
    expect(hub.since({ site: null }, 0)).toHaveLength(3);
    expect(hub.since({ site: "nowhere" }, 0)).toEqual([]);
    expect(hub.since({ site: null }, 2 ** 52)).toEqual([]);
  });

  test("a stream keeps a bounded number, and a noisy site pushes no event of another out", () => {
    const hub = new EventHub(() => 0);
    hub.publish(refused("blog"));
    for (let at = 0; at < eventsKeptMax + 10; at++) hub.publish(refused("shop"));
    expect(hub.since({ site: "blog" }, -1)).toHaveLength(1);
    const kept = hub.since({ site: "shop" }, -1);
    expect([kept.length, kept[0]?.id]).toEqual([eventsKeptMax, 10]);
  });

  test("subscribe ends with its disposal, one for each call", () => {
    const hub = new EventHub();
    const heard: NodeEvent[] = [];
    const listener = (event: NodeEvent): unknown => heard.push(event);
    const first = hub.subscribe({ site: null }, listener);
    hub.subscribe({ site: null }, listener);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    hub.publish(refused("blog"));
    expect(heard).toHaveLength(1);
  });

  test("a listener may end itself and others while it is called", () => {
    const hub = new EventHub();
    const heard: string[] = [];
    const subscriptions = ["a", "b"].map((name) =>
      hub.subscribe({ site: null }, () => {
        heard.push(name);
        for (const each of subscriptions) each[Symbol.dispose]();
      }),
    );
    hub.publish(refused("blog"));
    hub.publish(refused("blog"));
    expect(heard).toEqual(["a"]);
  });

  test("counts tells events apart by site, kind and code", () => {
    const hub = new EventHub();
    for (const code of ["busy", "busy", "patch.hash"]) hub.publish(refused("blog", code));
    hub.publish({ event: "breaker", site: "blog", route: "/", state: "open", reason: "" });
    expect(hub.counts()).toEqual([
      { site: "blog", event: "refused", code: "busy", count: 2 },
      { site: "blog", event: "refused", code: "patch.hash", count: 1 },
      { site: "blog", event: "breaker", code: null, count: 1 },
    ]);
  });
});
