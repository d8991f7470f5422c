import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { parse } from "valibot";
import { type EventHub, EventHub as Hub, type NodeEvent, type NodeEventBody } from "../events/index.ts";
import { eventStreamsMax } from "../limits.ts";
import {
  bearer,
  canary,
  type FakeListener,
  listenFake,
  newRelease,
  oldRelease,
  tokens,
} from "./control-fixture.ts";
import { anyEventSchema, nodeEventSchema } from "./event-schema.ts";
import { eventStream } from "./event-stream.ts";

const change = { from: oldRelease, to: newRelease, actor: "ci" };
const guest = { route: "/api/*", release: "abcdefabcdef", status: 502, reason: "a\nb", leftOut: 0 };
const bodies: readonly NodeEventBody[] = [
  { event: "staged", site: "blog", ...change, sequence: 8 },
  { event: "committed", site: "blog", ...change, sequence: 8, generation: 4 },
  { event: "refused", site: "blog", code: "patch.hash", message: "expected …", actor: "ci" },
  { event: "rolled-back", site: "blog", ...change, generation: 5, reason: "3 % of errors" },
  { event: "canary-started", site: "blog", ...change, sequence: 8, percent: canary.percent },
  { event: "canary-promoted", site: "blog", ...change, generation: 6, reason: "asked for" },
  { event: "canary-aborted", site: "blog", ...change, generation: 6, reason: "p99" },
  { event: "trap", site: "blog", ...guest },
  { event: "limit", site: "blog", ...guest, release: null },
  { event: "breaker", site: "blog", route: "/api/*", state: "open", reason: "5 in a row" },
  { event: "reloaded", site: "blog", checksum: newRelease, generation: 7, actor: "operator" },
];

/** Reads a stream of events; `next` waits for one that matches. */
class Reader {
  text = "";
  ended = false;
  constructor(stream: ReadableStream<Uint8Array>) {
    void this.#read(stream).finally(() => {
      this.ended = true;
    });
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of stream) this.text += decoder.decode(chunk, { stream: true });
    } catch {
      // It was cut.
    }
  }

  get events(): NodeEvent[] {
    return [...this.text.matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json ?? ""));
  }
}

async function until(what: string, holds: () => boolean, forMs = 4000): Promise<void> {
  const deadline = performance.now() + forMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${forMs} ms: ${what}`);
    await Bun.sleep(5);
  }
}

describe("GET /v1/events", () => {
  let listener: FakeListener;
  let leave: AbortController;
  beforeEach(() => {
    listener = listenFake();
    leave = new AbortController();
  });
  afterEach(async () => {
    leave.abort();
    await listener[Symbol.asyncDispose]();
  });

  async function open(query = "", headers: Record<string, string> = bearer("operator")): Promise<Reader> {
    const response = await fetch(`${listener.base}/v1/events${query}`, { headers, signal: leave.signal });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    return new Reader(response.body!);
  }
  const publish = (...events: NodeEventBody[]): void => {
    for (const event of events) listener.node.events.publish(event);
  };

  test("sends each kind of event in the form of the schema, as server-sent events", async () => {
    const reader = await open();
    publish(...bodies);
    await until("all events", () => reader.events.length === bodies.length);
    for (const event of reader.events) {
      expect(parse(nodeEventSchema, event)).toEqual(event);
      expect(parse(anyEventSchema, event).id).toBe(event.id);
    }
    expect(reader.events.map(({ event }) => event)).toEqual(bodies.map(({ event }) => event));
    const [first] = reader.events;
    expect(reader.text).toStartWith(`retry: 2000\n\nid: ${first?.id}\nevent: staged\ndata: {"id":`);
    expect(reader.text).toEndWith("\n\n");
  });

  test("a stream of one site shows nothing of another, nor that something happens there", async () => {
    const [blog, shop, node] = [
      await open("", bearer("blog-reader")),
      await open("?site=shop"),
      await open(),
    ];
    const other: NodeEventBody = { event: "refused", site: "shop", code: "busy", message: "", actor: "x" };
    publish(other, other, ...bodies, other);
    await until("the node's", () => node.events.length === bodies.length + 3);
    await until("the shop's", () => shop.events.length === 3);
    expect(blog.events.map(({ site }) => site)).toEqual(bodies.map(() => "blog"));
    const ids = blog.events.map(({ id }) => id);
    expect(ids).toEqual(ids.map((_, at) => ids[0]! + at));
    expect(blog.text).not.toContain("shop");
  });

  test("Last-Event-ID brings what was missed, and no more", async () => {
    publish(...bodies);
    const kept = listener.node.events.since({ site: "blog" }, 0);
    const last = String(kept[8]?.id);
    const reader = await open("?site=blog", { ...bearer("operator"), "last-event-id": last });
    await until("the rest", () => reader.events.length === 2);
    publish(bodies[0]!);
    await until("the next", () => reader.events.length === 3);
    expect(reader.events.map(({ event }) => event)).toEqual(["breaker", "reloaded", "staged"]);
  });

  test.each(["x", "-1", "1.5", "1 2", "9".repeat(30)])("Last-Event-ID %p is refused", async (id) => {
    const headers = { ...bearer("operator"), "last-event-id": id };
    expect((await fetch(`${listener.base}/v1/events`, { headers })).status).toBe(400);
  });

  test("it outlives the idle limit of the listener", async () => {
    const reader = await open();
    // The listener's limit is a second, which Bun looks at every four.
    await Bun.sleep(5500);
    publish(bodies[0]!);
    await until("an event after the silence", () => reader.events.length === 1);
  }, 10_000);

  test("it ends when the node stops", async () => {
    const reader = await open();
    await listener[Symbol.asyncDispose]();
    await until("the end", () => reader.ended);
  });

  test("there is a bounded number of streams, and a place is free again when one ends", async () => {
    const before = await open();
    await Promise.all(Array.from({ length: eventStreamsMax - 1 }, () => open()));
    const status = async (): Promise<number> => {
      const last = new AbortController();
      const response = await fetch(`${listener.base}/v1/events`, {
        ...{ headers: bearer("operator"), signal: last.signal },
      });
      last.abort();
      return response.status;
    };
    expect(await status()).toBe(409);
    leave.abort();
    await until("the end", () => before.ended);
    for (let tries = 0; tries < 100 && (await status()) !== 200; tries++) await Bun.sleep(10);
    expect(await status()).toBe(200);
  });

  test("HEAD opens none", async () => {
    for (let at = 0; at < eventStreamsMax + 1; at++) {
      const response = await fetch(`${listener.base}/v1/events`, {
        method: "HEAD",
        headers: bearer("operator"),
      });
      expect(response.status).toBe(200);
    }
  });

  test("a reader that does not read is cut, and others go on", async () => {
    const slow: Socket = connect(listener.port, "127.0.0.1");
    let isClosed = false;
    slow.on("close", () => {
      isClosed = true;
    });
    slow.on("error", () => undefined);
    slow.pause();
    slow.write(
      `GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${tokens.operator}\r\n\r\n`,
    );
    const quick = await open();
    await Bun.sleep(50);
    const message = "x".repeat(4000);
    const count = 6000;
    for (let at = 0; at < count; at++) {
      publish({ event: "refused", site: "blog", code: "busy", message, actor: "x" });
      if (at % 20 === 0) await Bun.sleep(1);
    }
    await until(
      "all events of the quick one",
      () => quick.text.includes(`"message"`) && quick.events.length === count,
      10_000,
    );
    slow.resume();
    await until("the slow one to be cut", () => isClosed);
  }, 30_000);
});

describe("eventStream", () => {
  const read = (events: EventHub, options: { mayGoOn?: () => boolean; onEnd?: () => void }): Reader =>
    new Reader(
      eventStream({
        ...{ events, selection: { site: null }, lastId: null, heartbeatMs: 10 },
        ...{ mayGoOn: () => true, onEnd: () => undefined, ...options },
      }),
    );

  test("eventStream says now and then that it is there", async () => {
    const reader = read(new Hub(), {});
    await until("two comments", () => reader.text.split(": still here\n\n").length > 2);
    expect(reader.events).toEqual([]);
  });

  test("eventStream ends when the token has been removed, once", async () => {
    let [may, ends] = [true, 0];
    const events = new Hub();
    const reader = read(events, {
      mayGoOn: () => may,
      onEnd: () => {
        ends++;
      },
    });
    may = false;
    await until("the end", () => reader.ended);
    events.publish(bodies[0]!);
    await Bun.sleep(30);
    expect([ends, reader.events]).toEqual([1, []]);
  });

  test("eventStream drops a reader with too much before it, and forgets it", async () => {
    let ends = 0;
    const events = new Hub();
    const stream = eventStream({
      ...{ events, selection: { site: null }, lastId: null, mayGoOn: () => true },
      onEnd: () => {
        ends++;
      },
    });
    const message = "x".repeat(4000);
    for (let at = 0; at < 200; at++)
      events.publish({ event: "refused", site: "blog", code: "busy", message, actor: "x" });
    expect(ends).toBe(1);
    await expect(stream.getReader().read()).rejects.toThrow("does not keep up");
  });

  test("eventStream brings all that was missed, however much, and what comes then", async () => {
    const events = new Hub();
    const event: NodeEventBody = {
      ...{ event: "refused", site: "blog", code: "busy", message: "x".repeat(4000), actor: "x" },
    };
    for (let at = 0; at < 200; at++) events.publish(event);
    const stream = eventStream({
      ...{ events, selection: { site: null }, lastId: 0, mayGoOn: () => true, onEnd: () => undefined },
    });
    events.publish(event);
    const reader = new Reader(stream);
    await until("all of it", () => reader.events.length === 201);
  });
});
