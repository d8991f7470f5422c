/** Limits of a site and its routes over HTTP: what is over one gets its defined answer, what is within it succeeds. */
import { afterAll, describe, expect, test } from "bun:test";
import type { SiteLimits } from "../../src/config/index.ts";
import type { LaneSiteStatus } from "../../src/lane/index.ts";
import { kitGuest, ownGuest } from "../support/guests.ts";
import { RawConnection, type RawResponse, rawRequest, valuesOf } from "../support/raw-connection.ts";
import {
  type ServedSites,
  serveSite,
  serveSites,
  siteContent,
  siteGrants,
  waitFor,
} from "../support/serve-sites.ts";

const files = {
  "hello.wasm": kitGuest("c-hello"),
  "trap.wasm": kitGuest("c-trap"),
  "exit.wasm": kitGuest("c-exit"),
  "sse.wasm": kitGuest("c-sse"),
  "sleeper.wasm": await ownGuest("sleeper"),
  "cat.wasm": await ownGuest("cat"),
  "reader.wasm": await ownGuest("reader"),
  "late.wasm": await ownGuest("late-trap"),
  "public/a.txt": "an asset",
};

const opened: ServedSites[] = [];
afterAll(() => Promise.all(opened.map((site) => site.stop())));

async function serve(
  routes: readonly string[],
  limits: Partial<SiteLimits> = {},
  trustedProxies: readonly string[] = [],
): Promise<ServedSites> {
  const toml = routes.map((route) => `[[route]]\n${route}\n`).join("");
  const site = await serveSite({ files, toml, limits }, { trustedProxies });
  opened.push(site);
  return site;
}

function statusOf(site: ServedSites): LaneSiteStatus {
  return site.lane.status()[0]!;
}

function routeOf(site: ServedSites, path: string): LaneSiteStatus["routes"][number] {
  return statusOf(site).routes.find((route) => route.path === path)!;
}

/** Status and Retry-After of a response. */
function essence(response: RawResponse | undefined): string {
  return response === undefined
    ? "closed"
    : [response.status, ...valuesOf(response, "retry-after")].join(" ");
}

async function ask(
  site: ServedSites,
  start: string,
  fields: readonly string[] = [],
  body = "",
): Promise<string> {
  return essence(await rawRequest(site.port, start, fields, body));
}

/** A request that is under way: `answer` waits for its end. */
async function begin(
  site: ServedSites,
  target: string,
): Promise<{ answer: Promise<string>; abandon: () => void }> {
  const connection = await RawConnection.open(site.port);
  await connection.send(`GET ${target} HTTP/1.1\r\nHost: h.test\r\n\r\n`);
  const answer = connection.response().then(essence);
  return { answer, abandon: () => connection.abandon() };
}

/** Begins requests one after the other, each once the one before is counted. */
async function beginAll(site: ServedSites, targets: readonly string[]): Promise<Promise<string>[]> {
  const answers: Promise<string>[] = [];
  for (const target of targets) {
    const { holding, waiting } = statusOf(site).traffic;
    answers.push((await begin(site, target)).answer);
    await waitFor(target, () => {
      const now = statusOf(site).traffic;
      return now.holding !== holding || now.waiting !== waiting || now.shed > 0;
    });
  }
  return answers;
}

describe("max_requests", () => {
  test("counts everything that is in progress, assets too, and says 503 beyond", async () => {
    const site = await serve(['path = "/sleeper"\nmodule = "sleeper.wasm"\ntimeout_ms = 10000'], {
      requestsMax: 3,
    });
    const held = await beginAll(site, ["/sleeper?ms=900", "/sleeper?ms=900", "/sleeper?ms=900"]);
    for (const target of ["/sleeper?ms=1", "/a.txt", "/nothing"])
      expect(await ask(site, `GET ${target}`)).toBe("503 1");
    expect(await Promise.all(held)).toEqual(["200", "200", "200"]);
    expect(await ask(site, "GET /a.txt")).toBe("200");
    expect(statusOf(site).traffic).toMatchObject({ inProgress: 0, holding: 0, requests: 7, shed: 3 });
    const refused = await site.record(({ status, path }) => status === 503 && path === "/a.txt");
    expect(refused).toMatchObject({ reason: "3 requests of the site are in progress", route: null });
  });
});

describe("max_connections", () => {
  test("lets so many guests run, so many wait, and turns away the oldest beyond; assets go on", async () => {
    const site = await serve(['path = "/sleeper"\nmodule = "sleeper.wasm"\ntimeout_ms = 5000'], {
      connectionsMax: 2,
      pendingMax: 2,
    });
    const answers = await beginAll(site, [
      "/sleeper?ms=500",
      "/sleeper?ms=500",
      "/sleeper?ms=3",
      "/sleeper?ms=4",
    ]);
    expect(statusOf(site).traffic).toMatchObject({ holding: 2, waiting: 2, shed: 0 });
    answers.push((await begin(site, "/sleeper?ms=5")).answer);
    expect(await answers[2]).toBe("503 1");
    expect(await ask(site, "GET /a.txt")).toBe("200");
    expect(await Promise.all(answers)).toEqual(["200", "200", "503 1", "200", "200"]);
    expect(routeOf(site, "/sleeper")).toMatchObject({ holding: 0, waiting: 0, shed: 1, requests: 5 });
    expect(statusOf(site).traffic).toMatchObject({ shed: 1, holding: 0, inProgress: 0 });
  });

  test("is shared by the routes: a flood on one leaves room for another", async () => {
    const site = await serve(
      [
        'path = "/slow"\nmodule = "sleeper.wasm"\ntimeout_ms = 5000',
        'path = "/hello"\nmodule = "hello.wasm"',
      ],
      { connectionsMax: 2, pendingMax: 4 },
    );
    const flood = await beginAll(
      site,
      Array.from({ length: 6 }, () => "/slow?ms=150"),
    );
    const calm = await begin(site, "/hello");
    const more = await Promise.all(Array.from({ length: 4 }, () => begin(site, "/slow?ms=150")));
    expect(await calm.answer).toBe("200");
    const all = await Promise.all([...flood, ...more.map(({ answer }) => answer)]);
    expect(all.filter((each) => each === "503 1")).toHaveLength(5);
    expect(routeOf(site, "/hello")).toMatchObject({ shed: 0, status: { "2xx": 1 } });
    // With the first place that got free, before those who waited when it came.
    const answered = (await site.records()).filter(({ status }) => status === 200).map(({ route }) => route);
    expect(answered.indexOf("/hello")).toBeLessThanOrEqual(2);
    expect(answered).toHaveLength(6);
  });

  test("is kept across a change of release", async () => {
    const site = await serve(['path = "/sleeper"\nmodule = "sleeper.wasm"'], {
      connectionsMax: 1,
      pendingMax: 0,
    });
    const [held] = await beginAll(site, ["/sleeper?ms=300"]);
    const toml = '[[route]]\npath = "/sleeper"\nmodule = "sleeper.wasm"\nenv = { A = "1" }\n';
    const grants = await siteGrants({ limits: { connectionsMax: 1, pendingMax: 0 } });
    site.lane.discard(
      site.lane.commit(await site.lane.prepare("default", siteContent({ files, toml }), grants)),
    );
    expect(await ask(site, "GET /sleeper?ms=1")).toBe("503 1");
    expect(await held).toBe("200");
    expect(await ask(site, "GET /sleeper?ms=1")).toBe("200");
  });

  test("is each site's own", async () => {
    const toml = '[[route]]\npath = "/sleeper"\nmodule = "sleeper.wasm"\n';
    const limits = { connectionsMax: 1, pendingMax: 0, requestsMax: 1 };
    const both = await serveSites(
      ["a", "b"].map((name) => ({ name, hosts: [`${name}.test`], files, toml, limits })),
    );
    opened.push(both);
    const on = (host: string): Promise<string> => ask(both, "GET /sleeper?ms=200", [`Host: ${host}.test`]);
    expect((await Promise.all([on("a"), on("b"), on("a")])).sort()).toEqual(["200", "200", "503 1"]);
  });

  test("is not held by a chunked body that comes slowly", async () => {
    const site = await serve(['path = "/cat"\nmodule = "cat.wasm"\ntimeout_ms = 300'], {
      connectionsMax: 1,
      pendingMax: 0,
    });
    const slow = await RawConnection.open(site.port);
    await slow.send("POST /cat HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    await waitFor("the request", () => statusOf(site).traffic.inProgress === 1);
    expect(await ask(site, "POST /cat", ["Content-Length: 19"], "Status: 200\n\nanswer")).toBe("200");
    expect((await slow.response("POST"))?.status).toBe(504);
    slow.abandon();
  });
});

describe("rate_per_second", () => {
  test("lets exactly so many in at once, says 429 and when to come back, and keeps its word", async () => {
    const site = await serve(['path = "/hello"\nmodule = "hello.wasm"'], { ratePerSecond: 5 });
    const burst = async (): Promise<string[]> =>
      (
        await Promise.all(
          Array.from({ length: 12 }, (_, i) => ask(site, i % 2 ? "GET /a.txt" : "GET /hello")),
        )
      ).sort();
    // The requests of a burst take a moment, in which a token may come.
    const admitted = (answers: string[]): number => answers.filter((each) => each === "200").length;
    const first = await burst();
    expect([5, 6]).toContain(admitted(first));
    expect(first.slice(admitted(first))).toEqual(new Array(12 - admitted(first)).fill("429 1"));
    await Bun.sleep(1000);
    expect([5, 6]).toContain(admitted(await burst()));
    expect(statusOf(site).traffic.rateLimited).toBeGreaterThanOrEqual(12);
  });

  test("under one a second tells a longer time", async () => {
    const site = await serve([], { ratePerSecond: 0.25 });
    expect([await ask(site, "GET /a.txt"), await ask(site, "GET /a.txt")]).toEqual(["200", "429 4"]);
  });
});

describe("rate_per_client", () => {
  const from = (site: ServedSites, forwarded: string): Promise<string> =>
    ask(site, "GET /a.txt", [`X-Forwarded-For: ${forwarded}`]);

  test("goes by the address that a trusted proxy tells, IPv6 by /64", async () => {
    const site = await serve([], { ratePerClient: 0.1 }, ["127.0.0.1", "10.0.0.0/8"]);
    const rows: readonly [forwarded: string, answer: string][] = [
      ["203.0.113.1", "200"],
      ["203.0.113.1", "429 10"],
      ["198.51.100.9, 203.0.113.1", "429 10"],
      ["203.0.113.1, 10.1.1.1", "429 10"],
      ["::ffff:203.0.113.1", "429 10"],
      ["203.0.113.2", "200"],
      ["2001:db8::1", "200"],
      ["2001:DB8:0:0:ffff::2", "429 10"],
      ["2001:db8:0:1::1", "200"],
      ["unknown", "200"],
      ["203.0.113.3:4711", "429 10"],
      ["\xff, nonsense", "429 10"],
    ];
    for (const [forwarded, answer] of rows)
      expect([forwarded, await from(site, forwarded)]).toEqual([forwarded, answer]);
  });

  test("believes nobody else", async () => {
    const site = await serve([], { ratePerClient: 0.1 });
    expect([await from(site, "203.0.113.1"), await from(site, "203.0.113.2")]).toEqual(["200", "429 10"]);
  });

  test("of one who is over it does not use up the site's", async () => {
    const site = await serve([], { ratePerClient: 0.01, ratePerSecond: 2 }, ["127.0.0.1"]);
    for (let i = 0; i < 20; i++) await from(site, "203.0.113.1");
    expect(await from(site, "203.0.113.2")).toBe("200");
  });
});

describe("a breaker", () => {
  const quick = "breaker = { failures = 3, open_s = 1 }";

  test("opens when the guest keeps failing, tries it again, and closes when it answers", async () => {
    const cat = await serve([`path = "/cat"\nmodule = "cat.wasm"\n${quick}`]);
    const post = (body: string): Promise<string> =>
      ask(cat, "POST /cat", [`Content-Length: ${body.length}`], body);
    for (let i = 0; i < 3; i++) expect(await post("no header block")).toBe("502");
    expect([await post("Status: 200\n\nfine"), await post("Status: 200\n\nfine")]).toEqual([
      "503 1",
      "503 1",
    ]);
    expect(routeOf(cat, "/cat")).toMatchObject({
      breakerRefused: 2,
      breaker: { state: "open", failuresInRow: 3, failures: 3, opened: 1 },
    });
    await Bun.sleep(1050);
    expect(await post("no header block")).toBe("502");
    expect(await post("Status: 200\n\nfine")).toBe("503 1");
    await Bun.sleep(1050);
    expect([await post("Status: 200\n\nfine"), await post("Status: 200\n\nfine")]).toEqual(["200", "200"]);
    expect(routeOf(cat, "/cat").breaker).toMatchObject({ state: "closed", opened: 2, failuresInRow: 0 });
    const events = (await cat.records()).filter(({ event }) => event === "breaker");
    expect(events.map(({ site: name, route, state, reason }) => [name, route, state, reason])).toEqual([
      ["default", "/cat", "open", "3 failures in a row"],
      ["default", "/cat", "half-open", "a request tries whether the guest works again"],
      ["default", "/cat", "open", "the guest failed again"],
      ["default", "/cat", "half-open", "a request tries whether the guest works again"],
      ["default", "/cat", "closed", "the guest answers again"],
    ]);
  });

  test("lets one request try at a time", async () => {
    const site = await serve([`path = "/sleeper"\nmodule = "sleeper.wasm"\ntimeout_ms = 1000\n${quick}`]);
    expect(await Promise.all([1, 2, 3].map(() => ask(site, "GET /sleeper?ms=9000")))).toEqual([
      "504",
      "504",
      "504",
    ]);
    await Bun.sleep(1050);
    const [probe] = await beginAll(site, ["/sleeper?ms=200"]);
    expect(await Promise.all([1, 2, 3].map(() => ask(site, "GET /sleeper?ms=1")))).toEqual([
      "503 1",
      "503 1",
      "503 1",
    ]);
    expect(await probe).toBe("200");
    expect(await ask(site, "GET /sleeper?ms=1")).toBe("200");
  });

  test("goes on to the next when who tried went away", async () => {
    const site = await serve([`path = "/sleeper"\nmodule = "sleeper.wasm"\ntimeout_ms = 1000\n${quick}`]);
    await Promise.all([1, 2, 3].map(() => ask(site, "GET /sleeper?ms=9000")));
    await Bun.sleep(1050);
    const probe = await begin(site, "/sleeper?ms=800");
    await waitFor("the probe", () => routeOf(site, "/sleeper").holding === 1);
    probe.abandon();
    await waitFor("its end", () => routeOf(site, "/sleeper").holding === 0);
    expect(routeOf(site, "/sleeper").breaker.state).toBe("half-open");
    expect(await ask(site, "GET /sleeper?ms=1")).toBe("200");
    expect(routeOf(site, "/sleeper").breaker.state).toBe("closed");
  });

  test("closes with the head of a response whose body goes on", async () => {
    const site = await serve([`path = "/late"\nmodule = "late.wasm"\n${quick}`]);
    for (let i = 0; i < 3; i++) await rawRequest(site.port, "GET /late?n=5&ms=5");
    expect(routeOf(site, "/late")).toMatchObject({ traps: 3, breaker: { state: "open" } });
    await Bun.sleep(1050);
    const probe = await begin(site, "/late?n=100&ms=20");
    await waitFor("its head", () => routeOf(site, "/late").breaker.state === "closed");
    probe.abandon();
  });

  const harmless: readonly [
    what: string,
    route: string,
    request: (site: ServedSites, i: number) => Promise<unknown>,
  ][] = [
    [
      "a guest's own 500",
      'path = "/x"\nmodule = "cat.wasm"',
      (site) => ask(site, "POST /x", ["Content-Length: 17"], "Status: 500\n\nsorry"),
    ],
    [
      "an exit code behind a header block",
      'path = "/x"\nmodule = "exit.wasm"',
      (site) => ask(site, "GET /x?body"),
    ],
    ["405", 'path = "/x"\nmodule = "trap.wasm"\nmethods = ["GET"]', (site) => ask(site, "POST /x")],
    [
      "a body that is too long",
      'path = "/x"\nmodule = "reader.wasm"\nbody_max = 10',
      (site) => ask(site, "POST /x", ["Content-Length: 20"]),
    ],
    [
      "a client that goes away",
      'path = "/x"\nmodule = "sleeper.wasm"',
      async (site, i) => {
        const { abandon } = await begin(site, "/x?ms=900");
        await waitFor("the guest", () => routeOf(site, "/x").holding === 1);
        abandon();
        await waitFor("its end", () => statusOf(site).traffic.requests === i + 1);
      },
    ],
    [
      "a body that comes too slowly",
      'path = "/x"\nmodule = "reader.wasm"\ntimeout_ms = 200',
      async (site) => {
        const connection = await RawConnection.open(site.port);
        await connection.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
        expect(essence(await connection.response("POST"))).toBe("504");
        connection.abandon();
      },
    ],
    [
      "what is turned away",
      'path = "/x"\nmodule = "hello.wasm"',
      async (site) => {
        const answers = await Promise.all(Array.from({ length: 30 }, () => ask(site, "GET /x")));
        expect(new Set(answers)).toContain("200");
      },
    ],
  ];
  test.each(harmless)("is not moved by %s", async (_, route, request) => {
    const site = await serve([`${route}\n${quick}`], { pendingMax: 0, connectionsMax: 1 });
    for (let i = 0; i < 5; i++) await request(site, i);
    const { breaker } = routeOf(site, "/x");
    expect([breaker.state, breaker.failures, breaker.failuresInRow]).toEqual(["closed", 0, 0]);
  });

  const harmful: readonly [what: string, route: string, start: string][] = [
    ["traps", 'path = "/x"\nmodule = "trap.wasm"', "GET /x"],
    ["exits before a header block", 'path = "/x"\nmodule = "exit.wasm"', "GET /x"],
    ["time-outs", 'path = "/x"\nmodule = "sleeper.wasm"\ntimeout_ms = 20', "GET /x?ms=9000"],
    ["traps behind the head", 'path = "/x"\nmodule = "late.wasm"', "GET /x?n=100000"],
  ];
  test.each(harmful)("opens after %s", async (_, route, start) => {
    const site = await serve([`${route}\n${quick}`]);
    for (let i = 0; i < 3; i++) {
      await ask(site, start);
      await waitFor(
        "its end",
        () => routeOf(site, "/x").requests === i + 1 && routeOf(site, "/x").holding === 0,
      );
    }
    expect(routeOf(site, "/x").breaker).toMatchObject({ state: "open", failures: 3 });
    expect(await ask(site, start)).toBe("503 1");
  });

  test("is closed in a new release", async () => {
    const site = await serve([`path = "/x"\nmodule = "trap.wasm"\n${quick}`]);
    for (let i = 0; i < 3; i++) await ask(site, "GET /x");
    expect(await ask(site, "GET /x")).toBe("503 1");
    const toml = `[[route]]\npath = "/x"\nmodule = "hello.wasm"\n${quick}\n`;
    const next = await site.lane.prepare("default", siteContent({ files, toml }), await siteGrants({}));
    site.lane.discard(site.lane.commit(next));
    expect(await ask(site, "GET /x")).toBe("200");
  });
});

describe("what a site.toml asks above the operator's ceilings", () => {
  test("is refused when the release is prepared, and the running one goes on", async () => {
    const site = await serve(['path = "/hello"\nmodule = "hello.wasm"'], { guestTimeoutMsMax: 5000 });
    const toml = '[[route]]\npath = "/hello"\nmodule = "hello.wasm"\ntimeout_ms = 5001\n';
    const grants = await siteGrants({ limits: { guestTimeoutMsMax: 5000 } });
    const refused = await site.lane
      .prepare("default", siteContent({ files, toml }), grants)
      .catch((error) => error);
    expect(refused).toMatchObject({
      code: "site.limit",
      message: "route /hello: timeout_ms is 5001, but the operator's guest_timeout_ms_max is 5000",
    });
    expect(await ask(site, "GET /hello")).toBe("200");
  });
});

test("counts are those of what was answered, by site and route", async () => {
  const site = await serve(['path = "/cat"\nmodule = "cat.wasm"', 'path = "/trap"\nmodule = "trap.wasm"']);
  const body = "Status: 302\nLocation: http://elsewhere.test/\n\n12345";
  await ask(site, "POST /cat", [`Content-Length: ${body.length}`], body);
  await ask(site, "GET /trap");
  await ask(site, "GET /a.txt");
  await ask(site, "HEAD /a.txt");
  await ask(site, "GET /nothing");
  const { traffic, routes } = statusOf(site);
  const none = { shed: 0, rateLimited: 0, breakerRefused: 0 };
  expect(traffic).toMatchObject({
    ...{ ...none, requests: 5, status: { "2xx": 2, "3xx": 1, "4xx": 1, "5xx": 1 }, traps: 1 },
    ...{
      bytesIn: body.length,
      bytesOut: 5 + "an asset".length + "404 Not Found\n".length + "502 Bad Gateway\n".length,
    },
    ...{ inProgress: 0, holding: 0, waiting: 0 },
  });
  expect(routes).toMatchObject([
    { path: "/cat", requests: 1, status: { "3xx": 1 }, bytesIn: body.length, bytesOut: 5, traps: 0 },
    { path: "/trap", requests: 1, status: { "5xx": 1 }, bytesIn: 0, traps: 1 },
  ]);
});
