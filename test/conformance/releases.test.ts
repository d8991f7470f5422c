/** Releases of a site over HTTP: asked before they answer, committed, taken back, tried on a part of the clients. */
import { afterAll, describe, expect, test } from "bun:test";
import { compileHandler } from "../../src/guest/index.ts";
import type { Prepared } from "../../src/lane/index.ts";
import { kitGuest, ownGuest } from "../support/guests.ts";
import {
  patientBreaker,
  type ServedSites,
  type ServeOptions,
  type SiteUnderTest,
  serveSite,
  siteContent,
  siteGrants,
  waitFor,
} from "../support/serve-sites.ts";

const witness = await ownGuest("witness");
const modules = {
  "witness.wasm": witness,
  "headers.wasm": await ownGuest("headers-dump"),
  "sleeper.wasm": await ownGuest("sleeper"),
  "late.wasm": await ownGuest("late-trap"),
  "hops.wasm": await ownGuest("hops"),
  "trap.wasm": kitGuest("c-trap"),
};

/** Release `name`: its routes tell it, and so does a file. `routes` is added to its site.toml. */
function releaseOf(name: string, routes = ""): SiteUnderTest {
  const toml = `
    [[route]]
    path = "/witness"
    module = "witness.wasm"
    timeout_ms = 5000
    env = { RELEASE = "${name}" }
    ${patientBreaker}
    ${routes}`;
  return { files: { ...modules, "public/release.txt": name }, toml };
}

const digestOf = (name: string): string => siteContent(releaseOf(name)).digest.slice(7, 19);

const opened: ServedSites[] = [];
afterAll(() => Promise.all(opened.map((site) => site.stop())));

async function serve(site: SiteUnderTest, options?: ServeOptions): Promise<ServedSites> {
  const served = await serveSite(site, options);
  opened.push(served);
  return served;
}

async function prepare(site: ServedSites, release: SiteUnderTest): Promise<Prepared> {
  return site.lane.prepare("default", siteContent(release), await siteGrants({}));
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly release: string | null;
  readonly headers: Headers;
}

async function ask(site: ServedSites, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(site.url + path, { redirect: "manual", ...init });
  return {
    status: response.status,
    text: await response.text(),
    release: response.headers.get("x-emend-release"),
    headers: response.headers,
  };
}

const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(() => "fine").catch((error) => error);

describe("probe", () => {
  const probing = (probe: string, route = 'module = "headers.wasm"'): string => `
    [[route]]
    path = "/hops"
    module = "hops.wasm"
    [[route]]
    path = "/probed/*"
    ${route}
    probe = ${probe}`;

  const good: readonly [what: string, probe: string][] = [
    ["a guest's answer", '{ path = "/probed/x?a=b" }'],
    ["another route's", '{ path = "/witness" }'],
    ["an asset", '{ path = "/release.txt" }'],
    ["an asset by HEAD", '{ path = "/release.txt", method = "HEAD" }'],
    ["a guest by HEAD", '{ path = "/witness?n=100000", method = "HEAD" }'],
    ["a status that is expected to be another", '{ path = "/nothing", status = [404, 404] }'],
    ["local redirects", '{ path = "/hops?n=2" }'],
    ["a body that goes on when the time is up", '{ path = "/witness?n=100000&ms=100" }'],
  ];
  test.each(good)("takes %s", async (_, probe) => {
    const site = await serve(releaseOf("one"));
    const next = await prepare(site, releaseOf("two", probing(probe)));
    await site.lane.probe(next);
    site.lane.discard(next);
    expect((await ask(site, "/witness")).text).toBe("one\nbody 0\n");
  });

  const bad: readonly [what: string, probe: string, message: string, route: string | undefined][] = [
    [
      "a path that nothing answers",
      '{ path = "/nothing" }',
      "route /probed/*: GET /nothing: expected a status from 200 to 299, got 404",
      undefined,
    ],
    ["another status", '{ path = "/witness", status = [204, 204] }', "from 204 to 204, got 200", undefined],
    [
      "redirects without an end",
      '{ path = "/hops?n=9" }',
      "got 502 (more than 5 local redirects)",
      undefined,
    ],
    [
      "a guest that traps",
      '{ path = "/probed/x" }',
      "got 502 (the guest trapped: Unreachable code",
      'module = "trap.wasm"',
    ],
    [
      "a guest that is late",
      '{ path = "/probed/x?ms=9000" }',
      "got 504 (over timeout_ms: no head in 100 ms)",
      'module = "sleeper.wasm"\ntimeout_ms = 100',
    ],
    [
      "a guest that traps behind its head",
      '{ path = "/probed/x?n=100000&ms=1" }',
      "got a body that broke off (the guest trapped",
      'module = "late.wasm"',
    ],
  ];
  test("takes several at a time: that of a trial which is over, and that of the next", async () => {
    const site = await serve(releaseOf("one"));
    const slow = probing('{ path = "/probed/x?ms=50" }', 'module = "sleeper.wasm"\nmax_concurrency = 1');
    const next = await prepare(site, releaseOf("two", slow));
    await Promise.all([site.lane.probe(next), site.lane.probe(next), site.lane.probe(next)]);
    site.lane.discard(next);
  });

  test.each(bad)("refuses %s", async (_, probe, message, route) => {
    const site = await serve(releaseOf("one"));
    const next = await prepare(site, releaseOf("two", probing(probe, route)));
    expect(await errorOf(site.lane.probe(next))).toMatchObject({
      code: "probe.failed",
      message: expect.stringContaining(message),
    });
    site.lane.discard(next);
    expect((await ask(site, "/witness")).text).toBe("one\nbody 0\n");
  });

  test("asks with its own headers, tells the guest what it is, and nobody else", async () => {
    const site = await serve(releaseOf("one"));
    const asked = await prepare(site, {
      files: { ...modules, "status.wasm": await ownGuest("probe-status") },
      toml: '[[route]]\npath = "/p"\nmodule = "status.wasm"\nprobe = { path = "/p", headers = { X-A = "b", Host = "probe.example" } }\n',
    });
    await site.lane.probe(asked);
    site.lane.discard(site.lane.commit(asked));
    expect((await ask(site, "/p", { headers: { "x-a": "b", host: "probe.example" } })).status).toBe(500);
  });

  test("counts nowhere, leaves the breaker alone, and warms the instance that answers first", async () => {
    const site = await serve(releaseOf("one"));
    const next = await prepare(
      site,
      releaseOf("two", probing('{ path = "/probed/x" }', 'module = "trap.wasm"\nbreaker = { failures = 1 }')),
    );
    const warm = await prepare(site, releaseOf("three", probing('{ path = "/witness" }')));
    await errorOf(site.lane.probe(next));
    await errorOf(site.lane.probe(next));
    await site.lane.probe(warm);
    expect(site.lane.status()[0]!.traffic).toMatchObject({ requests: 0, traps: 0, inProgress: 0, fuel: 0 });
    site.lane.discard(site.lane.commit(warm));
    expect(site.pools()["witness.wasm"]).toMatchObject({ live: 1, idle: 1 });
    site.lane.discard(site.lane.commit(next));
    const { routes } = site.lane.status()[0]!;
    expect(routes.find(({ path }) => path === "/probed/*")).toMatchObject({
      requests: 0,
      traps: 0,
      breaker: { state: "closed", failures: 0 },
    });
    expect((await site.records()).filter(({ event }) => event === "request")).toEqual([]);
  });
});

describe("commit", () => {
  test("returns the release before, which can come back at once", async () => {
    const site = await serve(releaseOf("one"));
    await ask(site, "/witness");
    const one = site.lane.commit(await prepare(site, releaseOf("two")));
    expect(one.app.status()["witness.wasm"]).toMatchObject({ live: 0, idle: 0, memoryBytes: 0 });
    expect(await ask(site, "/witness")).toMatchObject({ text: "two\nbody 0\n", release: digestOf("two") });
    const two = site.lane.commit(one);
    expect(await ask(site, "/witness")).toMatchObject({ text: "one\nbody 0\n", release: digestOf("one") });
    expect(site.pools()["witness.wasm"]).toMatchObject({ live: 1, idle: 1 });
    site.lane.discard(two);
    expect(() => site.lane.commit(two)).toThrow("a release is ready, or stands by");
  });

  test("lets requests end on the release that they began with, and connections go on", async () => {
    const site = await serve(releaseOf("one"));
    const slow = ask(site, "/witness?n=10&ms=20");
    await waitFor("its beginning", () => site.lane.status()[0]!.traffic.holding === 1);
    site.lane.discard(site.lane.commit(await prepare(site, releaseOf("two"))));
    expect((await ask(site, "/release.txt")).text).toBe("two");
    expect(await slow).toMatchObject({ text: `${"one\n".repeat(10)}body 0\n`, release: digestOf("one") });
  });

  test("shows guests the files of their own release", async () => {
    const guest = await ownGuest("directories");
    const withNote = (note: string): SiteUnderTest => ({
      files: { "guest.wasm": guest, "data/note.txt": note },
      toml: '[[route]]\npath = "/d"\nmodule = "guest.wasm"\nfiles = ["data/**"]\nscratch = 0\n',
    });
    const site = await serve(withNote("of one"));
    expect((await ask(site, "/d")).text).toEndWith("note of one\n");
    const next = await prepare(site, withNote("of two"));
    expect((await ask(site, "/d")).text).toEndWith("note of one\n");
    site.lane.discard(site.lane.commit(next));
    expect((await ask(site, "/d")).text).toEndWith("note of two\n");
  });

  test("takes modules that were compiled elsewhere, and compiles no others", async () => {
    const site = await serve(releaseOf("one"));
    const content = siteContent(releaseOf("two"));
    const file = content.files.get("witness.wasm")!;
    const unreadable = { ...file, sha256: "0".repeat(64), blob: Bun.file("/nonexistent/witness.wasm") };
    const files = new Map([...content.files, ["witness.wasm", unreadable] as const]);
    const compiled = new Map([[unreadable.sha256, await compileHandler(witness, "witness.wasm")]]);
    const grants = await siteGrants({});
    const next = await site.lane.prepare("default", { ...content, files }, grants, { compiled });
    site.lane.discard(site.lane.commit(next));
    expect((await ask(site, "/witness")).text).toBe("two\nbody 0\n");
  });
});

describe("discard", () => {
  test("cuts what still goes on after the drain limit, and then frees the release", async () => {
    const site = await serve(releaseOf("one"), { drainMs: 200 });
    const [endless, short] = [
      ask(site, "/witness?n=100000&ms=20").catch(() => "cut"),
      ask(site, "/witness?n=2&ms=20"),
    ];
    await waitFor("their beginning", () => site.lane.status()[0]!.traffic.holding === 2);
    const old = site.lane.commit(await prepare(site, releaseOf("two")));
    site.lane.discard(old);
    expect((await short).text).toBe("one\none\nbody 0\n");
    expect(await endless).toBe("cut");
    await waitFor("its end", () => site.lane.status()[0]!.traffic.inProgress === 0);
    expect(old.app.status()["witness.wasm"]).toMatchObject({ live: 0, idle: 0 });
    const record = await site.record(({ reason }) => reason !== undefined);
    expect(record.reason).toContain("its release was replaced over 200 ms ago");
  });

  test("answers with 503 who still waits for a head then", async () => {
    const site = await serve(
      releaseOf("one", '[[route]]\npath = "/sleep"\nmodule = "sleeper.wasm"\ntimeout_ms = 30000'),
      { drainMs: 50 },
    );
    const waiting = ask(site, "/sleep?ms=20000");
    await waitFor("its beginning", () => site.lane.status()[0]!.traffic.holding === 1);
    site.lane.discard(site.lane.commit(await prepare(site, releaseOf("two"))));
    expect((await waiting).status).toBe(503);
  });
});

describe("startCanary", () => {
  const key = new Uint8Array(32).fill(7);
  const from = (address: string): RequestInit => ({ headers: { "x-forwarded-for": address } });
  const proxied: ServeOptions = { trustedProxies: ["127.0.0.1"] };

  test("gives a share of the client addresses the new release, and each stays with its own", async () => {
    const site = await serve(releaseOf("one"), proxied);
    const canary = await prepare(site, releaseOf("two"));
    site.lane.startCanary(canary, { percent: 30, key, cookie: false });
    const sides = new Map<string, string>();
    for (let i = 0; i < 200; i++) {
      const address = `192.0.2.${i}`;
      const answer = await ask(site, "/release.txt", from(address));
      expect(answer.release).toBe(digestOf(answer.text));
      sides.set(address, answer.text);
    }
    const tried = [...sides.values()].filter((text) => text === "two").length;
    // Of 200 with 30 %: a deviation of 6.5.
    expect(tried).toBeGreaterThan(30);
    expect(tried).toBeLessThan(90);
    for (const [address, text] of sides) {
      expect((await ask(site, "/witness", from(address))).text).toBe(`${text}\nbody 0\n`);
    }
    expect(canary.health()).toMatchObject({ requests: 2 * tried, failures: 0, clients: tried });
    expect(canary.health().p99Ms).toBeGreaterThanOrEqual(canary.health().p50Ms);
    expect(site.lane.endCanary("default")).toBe(canary);
    expect((await ask(site, "/release.txt", from("192.0.2.1"))).text).toBe("one");
    const one = site.lane.commit(canary);
    expect((await ask(site, "/release.txt")).text).toBe("two");
    expect(one.health()).toMatchObject({ requests: 2 * (200 - tried), clients: 200 - tried });
  });

  test("keeps an IPv6 network of 64 bits together", async () => {
    const site = await serve(releaseOf("one"), proxied);
    site.lane.startCanary(await prepare(site, releaseOf("two")), { percent: 50, key, cookie: false });
    for (let net = 0; net < 20; net++) {
      const texts = new Set<string>();
      for (const host of ["::1", ":ffff:1:2:3", "::dead"])
        texts.add((await ask(site, "/release.txt", from(`2001:db8:0:${net.toString(16)}${host}`))).text);
      expect([net, texts.size]).toEqual([net, 1]);
    }
  });

  test("keeps a client by a cookie where it may, and takes none that it did not make", async () => {
    const site = await serve(releaseOf("one"));
    site.lane.startCanary(await prepare(site, releaseOf("two")), { percent: 50, key, cookie: true });
    const cookies = new Map<string, string>();
    while (cookies.size < 2) {
      const answer = await ask(site, "/release.txt");
      const field = answer.headers.get("set-cookie")!;
      expect(field).toMatch(/^emend-canary=[0-9a-f]{16}\.[01]; Path=\/; HttpOnly; SameSite=Lax$/);
      expect(answer.headers.get("cache-control")).toContain("private");
      cookies.set(answer.text, field.split(";")[0]!);
    }
    for (const [text, cookie] of cookies) {
      for (let i = 0; i < 5; i++) {
        const answer = await ask(site, "/witness", { headers: { cookie: `a=b; ${cookie}; c=d` } });
        expect([answer.text, answer.headers.get("set-cookie")]).toEqual([`${text}\nbody 0\n`, null]);
      }
    }
    const [other] = [...cookies.values()].map((cookie) => cookie.replace(/=[0-9a-f]{4}/, "=0000"));
    for (const cookie of [other!, "emend-canary=1", `${[...cookies.values()][0]}x`]) {
      expect(
        (await ask(site, "/release.txt", { headers: { cookie } })).headers.get("set-cookie"),
      ).not.toBeNull();
    }
  });
});

describe("health", () => {
  const routes = `
    [[route]]
    path = "/trap"
    module = "trap.wasm"
    ${patientBreaker}
    [[route]]
    path = "/broken"
    module = "trap.wasm"
    breaker = { failures = 1 }
    [[route]]
    path = "/late"
    module = "late.wasm"
    ${patientBreaker}
    [[route]]
    path = "/one-at-a-time"
    module = "sleeper.wasm"
    max_concurrency = 1
    ${patientBreaker}
    [[route]]
    path = "/sleep"
    module = "sleeper.wasm"
    timeout_ms = 30
    ${patientBreaker}`;

  const cases: readonly [what: string, path: string, counts: { requests: number; failures: number }][] = [
    ["an answer", "/witness", { requests: 1, failures: 0 }],
    ["an asset", "/release.txt", { requests: 1, failures: 0 }],
    ["a path that nothing answers", "/nothing", { requests: 1, failures: 0 }],
    ["a trap", "/trap", { requests: 1, failures: 1 }],
    ["a trap behind the head", "/late?n=100000&ms=5", { requests: 1, failures: 1 }],
    ["a guest that is late", "/sleep?ms=5000", { requests: 1, failures: 1 }],
  ];
  test.each(cases)("counts %s", async (_, path, counts) => {
    const site = await serve(releaseOf("one"));
    using _observer = site.lane.observe("default", () => undefined);
    const next = await prepare(site, releaseOf("two", routes));
    site.lane.discard(site.lane.commit(next));
    await ask(site, path).catch(() => undefined);
    await waitFor("its end", () => next.health().requests === 1);
    expect(next.health()).toMatchObject({ ...counts, clients: 1 });
    expect(next.recentFailures()).toEqual(counts);
  });

  test("counts a client that goes away as no failure", async () => {
    const site = await serve(releaseOf("one"));
    using _observer = site.lane.observe("default", () => undefined);
    const next = await prepare(site, releaseOf("two"));
    site.lane.discard(site.lane.commit(next));
    for (const query of ["n=100000&ms=20", "n=1"]) {
      const gone = new AbortController();
      const asked = ask(site, `/witness?${query}`, { signal: gone.signal }).catch(() => undefined);
      await waitFor("its beginning", () => query === "n=1" || site.lane.status()[0]!.traffic.holding === 1);
      gone.abort();
      await asked;
      await waitFor("its end", () => site.lane.status()[0]!.traffic.inProgress === 0);
    }
    expect(next.health().failures).toBe(0);
  });

  test("counts what finds no room neither as good nor as bad, and what an open breaker refuses as bad", async () => {
    const site = await serve({ ...releaseOf("one"), limits: { pendingMax: 0 } });
    let told = 0;
    using _observer = site.lane.observe("default", () => told++);
    const next = await prepare(site, releaseOf("two", routes));
    site.lane.discard(site.lane.commit(next));
    const answers = await Promise.all([1, 2, 3].map(() => ask(site, "/one-at-a-time?ms=100")));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 503, 503]);
    expect(next.health()).toMatchObject({ requests: 1, failures: 0 });
    expect([(await ask(site, "/broken")).status, (await ask(site, "/broken")).status]).toEqual([502, 503]);
    await waitFor("both", () => next.health().requests === 3);
    expect(next.health().failures).toBe(2);
    await Bun.sleep(1);
    expect(told).toBe(2);
  });

  test("is not counted while nobody looks, and goes on from nothing when somebody does", async () => {
    const site = await serve(releaseOf("one"));
    const next = await prepare(site, releaseOf("two", routes));
    site.lane.discard(site.lane.commit(next));
    await ask(site, "/trap");
    expect([next.health().requests, next.recentFailures()]).toEqual([0, { requests: 1, failures: 1 }]);
    const observer = site.lane.observe("default", () => undefined);
    await ask(site, "/witness");
    await waitFor("its end", () => next.health().requests === 1);
    expect(next.health()).toMatchObject({ requests: 1, failures: 0, clients: 1 });
    observer[Symbol.dispose]();
    await ask(site, "/witness");
    expect([next.health().requests, next.recentFailures().requests]).toEqual([1, 3]);
    next.resetHealth();
    expect(next.health()).toEqual({ requests: 0, failures: 0, clients: 0, p50Ms: 0, p99Ms: 0 });
  });
});
