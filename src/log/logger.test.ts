import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import fc from "fast-check";
import { logGuestLinesPerSecond, logProblemLinesPerSecond, logRequestLinesPerSecond } from "../limits.ts";
import { createLogger, type LoggerOptions } from "./logger.ts";
import type { ListeningRecord, RequestRecord } from "./record.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const listening: ListeningRecord = {
  event: "listening",
  addr: "http://127.0.0.1:8080",
  admin: "http://127.0.0.1:9080",
  node: "00112233445566778899aabbccddeeff",
  sites: [{ site: "default", release: digest, sequence: 0 }],
  startMs: 7.1,
};
const request: RequestRecord = {
  event: "request",
  site: "default",
  route: "/hello/*",
  release: "0123456789ab",
  method: "GET",
  path: "/hello/you",
  status: 200,
  bytes: 12,
  ms: 0.4321234,
  guestMs: 0.1,
};

let nowMs = 0;
beforeEach(() => {
  nowMs = Date.UTC(2026, 10, 23, 12, 0, 0, 123);
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function pass(ms: number): void {
  nowMs += ms;
  jest.advanceTimersByTime(ms);
}

function open(options: Partial<LoggerOptions> = {}) {
  let output = "";
  const write = (text: string): undefined => {
    output += text;
  };
  const logger = createLogger({ format: "json", redact: [], write, now: () => nowMs, ...options });
  const lines = (): string[] => {
    void logger.flush();
    return output.split("\n").slice(0, -1);
  };
  return { logger, lines, output: () => output };
}

describe("Logger.log", () => {
  test("log writes the ready line of the contract, first and at once", () => {
    const { logger, output } = open();
    logger.log({ event: "problem", level: "warning", code: "site.config", message: "early" });
    logger.log(listening);
    const [first, second] = output().split("\n");
    expect(first).toBe(
      `{"event":"listening","addr":"http://127.0.0.1:8080","admin":"http://127.0.0.1:9080",` +
        `"node":"00112233445566778899aabbccddeeff","sites":[{"site":"default","release":"${digest}","sequence":0}],"startMs":7.1}`,
    );
    expect(JSON.parse(second ?? "")).toMatchObject({ event: "problem", message: "early" });
  });

  test("log writes JSON objects with event and time first", () => {
    const { logger, lines } = open();
    logger.log({ event: "release", site: "a", from: null, to: digest, sequence: 3, generation: 2 });
    logger.log({ event: "stopping", cause: "SIGTERM", requests: 1 });
    const time = "2026-11-23T12:00:00.123Z";
    expect(lines()).toEqual([
      `{"event":"release","time":"${time}","site":"a","from":null,"to":"${digest}","sequence":3,"generation":2}`,
      `{"event":"stopping","time":"${time}","cause":"SIGTERM","requests":1}`,
    ]);
  });

  test("log bounds the rate of problems", () => {
    const { logger, lines } = open();
    for (let turn = 0; turn < logProblemLinesPerSecond + 5; turn++) {
      logger.log({ event: "problem", level: "warning", code: "guest.header", message: "m" });
    }
    expect(lines()).toHaveLength(logProblemLinesPerSecond + 1);
    expect(JSON.parse(lines().at(-1) ?? "")).toMatchObject({ event: "left-out", of: "problem", lines: 5 });
  });
});

describe("Logger text format", () => {
  test("log and request read like sentences", () => {
    const { logger, lines } = open({ format: "text" });
    logger.log({ ...listening, admin: null });
    logger.request(request);
    logger.request({ ...request, site: null, route: null, release: null, status: 421, path: "/?token=x" });
    logger.request({ ...request, status: 502, reason: "trap: unreachable\nstderr: \x1b[31mboom" });
    logger.guestLines("default", "/hello/*").line("hi\x1b[2J");
    logger.log({
      event: "problem",
      level: "error",
      code: "module.invalid",
      message: "a.wasm: not wasm",
      site: "default",
    });
    logger.log({ event: "problem", level: "warning", code: "node.config", message: "odd" });
    logger.log({ event: "release", site: "default", from: digest, to: digest, sequence: 3, generation: 2 });
    logger.log({ event: "release", site: "new", from: null, to: digest, sequence: 0, generation: 0 });
    logger.log({
      event: "breaker",
      site: "default",
      route: "/a",
      state: "open",
      reason: "5 failures in a row",
    });
    logger.log({ event: "stopping", cause: "SIGTERM", requests: 1 });
    const time = "2026-11-23T12:00:00Z";
    expect(lines()).toEqual([
      "emend is listening on http://127.0.0.1:8080, ready in 7.1 ms",
      "  admin off",
      "  node  00112233445566778899aabbccddeeff",
      "  site  default, release 0123456789ab, sequence 0",
      `${time} 200 GET /hello/you 12 B 0.4 ms (guest 0.1 ms) default /hello/* 0123456789ab`,
      `${time} 421 GET / 12 B 0.4 ms (guest 0.1 ms)`,
      `${time} 502 GET /hello/you 12 B 0.4 ms (guest 0.1 ms) default /hello/* 0123456789ab trap: unreachable\\nstderr: \\x1b[31mboom`,
      `${time} [default /hello/*] hi\\x1b[2J`,
      `${time} error [default] module.invalid a.wasm: not wasm`,
      `${time} warning node.config odd`,
      `${time} default now answers with 0123456789ab (before: 0123456789ab, sequence 3, generation 2)`,
      `${time} new now answers with 0123456789ab (the first release, sequence 0, generation 0)`,
      `${time} [default /a] breaker open: 5 failures in a row`,
      `${time} stopping on SIGTERM, 1 request in flight`,
    ]);
  });

  test("request is coloured by its status when asked", () => {
    const { logger, lines } = open({ format: "text", colour: () => true });
    for (const status of [200, 404, 500]) logger.request({ ...request, status });
    const [ok, missing, failed] = lines();
    expect(ok).toContain("\x1b[32m200\x1b[0m");
    expect(missing).toContain("\x1b[33m404\x1b[0m");
    expect(failed).toContain("\x1b[31m500\x1b[0m");
  });

  test("every reason for leaving lines out is said in words", () => {
    const { logger, lines } = open({ format: "text" });
    const guests = logger.guestLines("default", "/g");
    for (let turn = 0; turn < logRequestLinesPerSecond + 1; turn++) {
      logger.takesRequest(200);
      logger.takesRequest(500);
      guests.takes();
    }
    expect(lines().map((line) => line.slice(21))).toEqual([
      `${logRequestLinesPerSecond + 1 - logGuestLinesPerSecond} lines left out: [default /g] writes more on stderr than the log takes`,
      "1 line left out: more requests than the log takes",
      "1 line left out: more failed requests than the log takes",
    ]);
  });
});

describe("Logger rates", () => {
  test("takesRequest bounds successes and failures apart, and says how many were left out", () => {
    const { logger, lines } = open();
    const taken = (status: number, times: number): number => {
      let count = 0;
      for (let turn = 0; turn < times; turn++) if (logger.takesRequest(status)) count++;
      return count;
    };
    expect(taken(200, 80_000)).toBe(logRequestLinesPerSecond);
    expect(taken(404, 10)).toBe(0);
    expect(taken(502, 10)).toBe(10);
    pass(1000);
    expect(lines().map((line) => JSON.parse(line))).toEqual([
      {
        event: "left-out",
        time: new Date(nowMs).toISOString(),
        of: "request",
        lines: 80_010 - logRequestLinesPerSecond,
      },
    ]);
    expect(taken(200, 1)).toBe(1);
  });

  test("guestLines has a rate of its own for every route", () => {
    const { logger, lines } = open();
    const [a, b] = [logger.guestLines("default", "/a"), logger.guestLines("default", "/b")];
    for (let turn = 0; turn < logGuestLinesPerSecond * 2; turn++) if (a.takes()) a.line(`line ${turn}`);
    expect(b.takes()).toBe(true);
    const last = lines().at(-1) ?? "";
    expect(JSON.parse(last)).toMatchObject({
      of: "guest",
      lines: logGuestLinesPerSecond,
      site: "default",
      route: "/a",
    });
    expect(lines()).toHaveLength(logGuestLinesPerSecond + 1);
  });

  test("a logger at rest has no timer", () => {
    const { logger } = open();
    logger.log(listening);
    for (let turn = 0; turn < 5000; turn++) if (logger.takesRequest(200)) logger.request(request);
    expect(jest.getTimerCount()).toBeGreaterThan(0);
    pass(1000);
    pass(1000);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe("Logger and hostile text", () => {
  const hostile = 'x\x1b[31m\r\n{"event":"listening"}\u202e\x9b';
  test.each(["text", "json"] as const)(
    "%s: no field lets a control character or a second line through",
    (format) => {
      const { logger, output } = open({ format });
      const headers = new Headers({ "user-agent": "a\x9bb\x85c" });
      logger.request({
        event: "request",
        site: hostile,
        route: hostile,
        release: hostile,
        method: hostile,
        path: hostile,
        status: 500,
        bytes: 0,
        ms: 0,
        reason: hostile,
        headers,
      });
      logger.guestLines(hostile, hostile).line(hostile);
      logger.log({
        event: "problem",
        level: "error",
        code: hostile,
        message: hostile,
        site: hostile,
        route: hostile,
      });
      logger.log({ event: "release", site: hostile, from: hostile, to: hostile, sequence: 0, generation: 0 });
      logger.log({ event: "stopping", cause: hostile, requests: 0 });
      void logger.flush();
      expect(output().split("\n")).toHaveLength(6);
      expect(output()).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
      if (format === "json") for (const line of output().trimEnd().split("\n")) JSON.parse(line);
    },
  );

  test.each(["text", "json"] as const)("%s: a line is bounded whatever is in it", (format) => {
    const { logger, lines } = open({ format });
    const huge = '"\x1b'.repeat(100_000);
    const headers = new Headers(
      Array.from({ length: 100 }, (_, at): [string, string] => [`x-${at}`, '"'.repeat(9000)]),
    );
    logger.request({
      ...request,
      site: huge,
      route: huge,
      release: huge,
      method: huge,
      path: huge,
      reason: huge,
      headers,
    });
    logger.log({ event: "problem", level: "error", code: huge, message: huge });
    for (const line of lines()) expect(line.length).toBeLessThan(90_000);
  });
});

describe("Logger and secrets", () => {
  test.each(["text", "json"] as const)("%s: no secret of a request is in any line", (format) => {
    const secrets = fc.stringMatching(/^[A-Za-z0-9+/=_.-]{12,60}$/).map((text) => `S${text}S`);
    fc.assert(
      fc.property(secrets, fc.boolean(), (secret, forged) => {
        const { logger, output } = open({ format, redact: ["X-Api-Key"] });
        const headers = new Headers({
          Authorization: `Bearer ${secret}`,
          Cookie: `session=${secret}; b=1`,
          "Set-Cookie": `session=${secret}`,
          "Proxy-Authorization": `Basic ${secret}`,
          "x-api-key": secret,
          accept: "*/*",
        });
        const dump = [...headers].map(([name, value]) =>
          forged ? `HTTP_${name.toUpperCase().replaceAll("-", "_")}=${value}` : `${name}: ${value}`,
        );
        const path = `/a?access_token=${secret}`;
        const reason = `exit 1; stderr: ${dump.slice(1).join("\n")}`;
        logger.request({ ...request, path, headers, reason });
        const guests = logger.guestLines("default", "/a");
        for (const line of dump.slice(1)) guests.line(line);
        guests.line(JSON.stringify({ cookie: secret }));
        logger.log({ event: "problem", level: "warning", code: "guest.header", message: dump[1] ?? "" });
        void logger.flush();
        expect(output()).not.toContain(secret);
        expect(output()).toContain("*/*");
      }),
    );
  });
});
