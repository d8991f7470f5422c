import { describe, expect, test } from "bun:test";
import { guestEventsPerSecond } from "../limits.ts";
import { createLogger, type RequestRecord } from "../log/index.ts";
import { EventHub } from "./event-hub.ts";
import { eventsFromLog } from "./events-from-log.ts";
import type { NodeEvent } from "./node-event.ts";

const record: RequestRecord = {
  ...{ event: "request", site: "blog", route: "/api/*", release: "abcdefabcdef", method: "GET" },
  ...{ path: "/api/x?token=SECRET", status: 502, bytes: 0, ms: 1, failure: "trap" },
  reason: "the guest trapped: unreachable; its last words: cookie: SECRET",
};

function setUp(nowMs = () => 0) {
  const hub = new EventHub(nowMs);
  const logger = createLogger({ format: "json", redact: [], write: () => undefined });
  logger.tap(eventsFromLog(hub, nowMs));
  const events = (): readonly NodeEvent[] => hub.since({ site: null }, -1);
  return { logger, events };
}

describe("eventsFromLog", () => {
  test("eventsFromLog makes an event of a failed guest, without secrets", () => {
    const { logger, events } = setUp();
    logger.request(record);
    expect(events()).toEqual([
      {
        ...{ id: 0, at: "1970-01-01T00:00:00.000Z", event: "trap", site: "blog", route: "/api/*" },
        ...{ release: "abcdefabcdef", status: 502, leftOut: 0 },
        reason: "the guest trapped: unreachable; its last words: cookie: [redacted]",
      },
    ]);
  });

  test("eventsFromLog makes an event of a limit and of a breaker", () => {
    const { logger, events } = setUp();
    logger.request({ ...record, status: 504, failure: "limit", reason: "over cpu_ms" });
    logger.log({ event: "breaker", site: "blog", route: "/api/*", state: "open", reason: "5 in a row" });
    expect(events().map(({ event }) => event)).toEqual(["limit", "breaker"]);
  });

  test("eventsFromLog leaves out what no guest failed", () => {
    const { logger, events } = setUp();
    const { failure: _, ...answered } = record;
    logger.request(answered);
    logger.request({ ...record, site: null });
    logger.log({ event: "problem", level: "error", code: "x", message: "" });
    logger.guestLines("blog", "/").line("trap");
    expect(events()).toEqual([]);
  });

  test("eventsFromLog lets some a second of each site through and counts the others", () => {
    let now = 0;
    const { logger, events } = setUp(() => now);
    for (let at = 0; at < guestEventsPerSecond + 7; at++) logger.request(record);
    logger.request({ ...record, site: "shop" });
    expect(events()).toHaveLength(guestEventsPerSecond + 1);
    now = 1000;
    logger.request(record);
    expect(events().at(-1)).toMatchObject({ site: "blog", leftOut: 7 });
    logger.request(record);
    expect(events().at(-1)).toMatchObject({ leftOut: 0 });
  });
});
