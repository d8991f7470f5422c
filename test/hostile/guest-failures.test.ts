/** Guests that trap, run out of stack, exit oddly, sleep too long or are asked by too many: each its own request only. */
import { afterAll, describe, expect, test } from "bun:test";
import { kitGuest, ownGuest } from "../support/guests.ts";
import { RawConnection, rawRequest, valuesOf } from "../support/raw-connection.ts";
import { patientBreaker, serveSite, waitFor } from "../support/serve-sites.ts";

const timeoutMs = 250;
const routes: readonly [path: string, module: string, more?: string][] = [
  ["/hello", "c-hello"],
  ["/trap", "c-trap"],
  ["/exit", "c-exit"],
  ["/recursion", "c-recursion"],
  ["/rust/*", "rust-api"],
  ["/sleeper", "sleeper", `timeout_ms = ${timeoutMs}`],
  ["/late", "late-trap"],
  ["/queue", "sleeper", "timeout_ms = 30000\nmax_concurrency = 1"],
  ["/busy", "c-sse", `timeout_ms = ${timeoutMs}\nmax_concurrency = 1`],
  ["/pair", "c-sse", "max_concurrency = 2"],
];
const own = new Set(["sleeper", "late-trap"]);
const modules = [...new Set(routes.map(([, module]) => module))];
const site = await serveSite({
  files: Object.fromEntries(
    await Promise.all(
      modules.map(
        async (name) => [`${name}.wasm`, own.has(name) ? await ownGuest(name) : kitGuest(name)] as const,
      ),
    ),
  ),
  toml: routes
    .map(
      ([path, module, more = ""]) =>
        `[[route]]\npath = "${path}"\nmodule = "${module}.wasm"\n${patientBreaker}${more}\n`,
    )
    .join(""),
});
afterAll(() => site.stop());

async function reasonOf(start: string): Promise<unknown> {
  const before = (await site.records()).length;
  await rawRequest(site.port, start);
  return waitFor(
    "its line",
    async () => (await site.records()).slice(before).find(({ event }) => event === "request")?.reason,
  );
}

describe("a guest that traps", () => {
  const traps: readonly [target: string, reason: RegExp][] = [
    ["/trap", /^the guest trapped: Unreachable/],
    ["/trap?oob", /^the guest trapped: Out of bounds memory access/],
    ["/trap?divzero", /^the guest trapped: Division by zero/],
    ["/trap?indirect", /^the guest trapped: Out of bounds call_indirect/],
    ["/trap?sig", /^the guest trapped: call_indirect to a signature that does not match/],
    ["/trap?after-unreachable", /^the guest trapped: Unreachable/],
    ["/recursion", /^the guest trapped: Maximum call stack size exceeded/],
    ["/recursion?shadow", /^the guest trapped: Out of bounds memory access/],
    ["/rust/panic", /^the guest trapped: .*; its last words: .*rust-api: asked to panic/],
  ];
  test.each(traps)(
    "%s: 502, the reason in the log and nothing of it in the answer",
    async (target, reason) => {
      const response = await rawRequest(site.port, `GET ${target}`);
      expect([response?.status, response?.body.toString()]).toEqual([502, "502 Bad Gateway\n"]);
      expect(await reasonOf(`GET ${target}`)).toMatch(reason);
    },
  );

  test.each([
    ["/late?n=200000", 200_000],
    ["/late?n=5&ms=20", 5],
    ["/late?n=1000000", 1_000_000],
  ])("%s: after its head the connection ends without completing the body", async (target, bytes) => {
    const response = await rawRequest(site.port, `GET ${target}`);
    expect([response?.status, response?.complete]).toEqual([200, false]);
    expect(response!.body.length).toBeLessThanOrEqual(bytes);
    expect(await reasonOf(`GET ${target}`)).toMatch(/^the guest trapped: Unreachable/);
    await waitFor("its end", () => site.pools()["late-trap.wasm"]?.live === 0);
  });

  test("is not used again, and the next request has a new one", async () => {
    for (let i = 0; i < 3; i++) expect((await rawRequest(site.port, "GET /trap"))?.status).toBe(502);
    expect(site.pools()["c-trap.wasm"]).toMatchObject({ live: 0, idle: 0 });
    await rawRequest(site.port, "GET /rust/panic");
    const next = await rawRequest(site.port, "GET /rust/hello?name=x");
    expect([next?.status, next?.body.toString()]).toEqual([200, '{"hello":"x"}\n']);
  });

  test("leaves those alone that run beside it", async () => {
    const stream = await RawConnection.open(site.port);
    await stream.send("GET /pair?4,50 HTTP/1.1\r\nHost: h\r\n\r\n");
    await waitFor("its head", () => stream.receivedBytes > 0);
    for (const target of ["/trap", "/recursion", "/recursion?shadow", "/trap?oob"]) {
      expect((await rawRequest(site.port, `GET ${target}`))?.status).toBe(502);
    }
    const response = await stream.response();
    expect([response?.complete, response?.body.toString().match(/^id: /gm)?.length]).toEqual([true, 4]);
    stream.abandon();
  });

  test("200 times, and 20 times at the end of its stack, does not grow the node", async () => {
    const ask = (target: string, count: number): Promise<unknown> =>
      Promise.all(Array.from({ length: count }, () => rawRequest(site.port, `GET ${target}`)));
    for (let i = 0; i < 5; i++) await ask("/trap?oob", 20);
    await ask("/recursion", 5);
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 10; i++) await ask("/trap?oob", 20);
    for (let i = 0; i < 4; i++) await ask("/recursion", 5);
    Bun.gc(true);
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024);
    expect((await rawRequest(site.port, "GET /hello"))?.status).toBe(200);
  }, 90_000);
});

describe("a guest that exits", () => {
  const exits: readonly [target: string, status: number, reason: string | undefined][] = [
    [
      "/exit",
      502,
      "the guest wrote no complete header block and exited with 3; its last words: c-exit: leaving with 3",
    ],
    ["/exit?0", 502, "the guest wrote no complete header block; its last words: c-exit: leaving with 0"],
    [
      "/exit?255",
      502,
      "the guest wrote no complete header block and exited with 255; its last words: c-exit: leaving with 255",
    ],
    ["/exit?body,0", 200, undefined],
    ["/exit?body", 200, "the guest exited with 3 after its header block"],
  ];
  for (const [target, status, reason] of exits) {
    test(`${target}: ${status}`, async () => {
      const before = (await site.records()).length;
      const response = await rawRequest(site.port, `GET ${target}`);
      expect(response?.status).toBe(status);
      if (status === 200) expect(response?.body.toString()).toBe("body before exit\n");
      const line = (await site.records()).slice(before).find(({ event }) => event === "request");
      expect(line?.reason).toBe(reason);
      expect(site.pools()["c-exit.wasm"]).toMatchObject({ live: 1, idle: 1 });
    });
  }
});

describe("a guest that takes too long", () => {
  test("for its head: 504, and it is ended", async () => {
    const beganMs = performance.now();
    const response = await rawRequest(site.port, "GET /sleeper?ms=60000");
    expect([response?.status, response?.body.toString()]).toEqual([504, "504 Gateway Timeout\n"]);
    const ms = performance.now() - beganMs;
    expect(ms).toBeGreaterThanOrEqual(timeoutMs - 5);
    expect(ms).toBeLessThan(timeoutMs + 750);
    await waitFor("its end", () => site.pools()["sleeper.wasm"]?.live === 0);
  });

  test("but not quite: 200, and the instance is kept", async () => {
    expect((await rawRequest(site.port, "GET /sleeper?ms=20"))?.status).toBe(200);
    expect(site.pools()["sleeper.wasm"]).toMatchObject({ live: 1, idle: 1 });
  });

  test("under HEAD is ended as well", async () => {
    expect((await rawRequest(site.port, "HEAD /busy?1000,20"))?.status).toBe(200);
    await waitFor("its end", () => site.pools()["c-sse.wasm"]?.live === 0);
  });

  test("is ended together with 49 others", async () => {
    const connections = await Promise.all(Array.from({ length: 50 }, () => RawConnection.open(site.port)));
    const statuses = await Promise.all(
      connections.map(async (each) => {
        await each.send("GET /sleeper?ms=60000 HTTP/1.1\r\nHost: h\r\n\r\n");
        const response = await each.response();
        each.abandon();
        return response?.status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([504]));
    await waitFor("their end", () => site.pools()["sleeper.wasm"]?.live === 0);
  });
});

describe("max_concurrency", () => {
  const occupy = async (target: string): Promise<RawConnection> => {
    const connection = await RawConnection.open(site.port);
    await connection.send(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`);
    await waitFor("its head", () => connection.receivedBytes > 0);
    return connection;
  };

  test("lets the next one in when there is room", async () => {
    const first = await occupy("/busy?3,30");
    const second = await rawRequest(site.port, "GET /busy?1,0");
    expect(second?.status).toBe(200);
    expect((await first.response())?.complete).toBe(true);
    first.abandon();
  });

  test("says 503 and Retry-After to whoever waited too long", async () => {
    const first = await occupy("/busy?1000,20");
    const beganMs = performance.now();
    const second = await rawRequest(site.port, "GET /busy?1,0");
    expect([second?.status, valuesOf(second!, "retry-after")]).toEqual([503, ["1"]]);
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(timeoutMs - 5);
    first.abandon();
    await waitFor("room", async () => (await rawRequest(site.port, "GET /busy?1,0"))?.status === 200);
  });

  test("does not count those who went away while they waited", async () => {
    const first = await occupy("/busy?1000,20");
    const gone = await RawConnection.open(site.port);
    await gone.send("GET /busy?1000,20 HTTP/1.1\r\nHost: h\r\n\r\n");
    await Bun.sleep(20);
    gone.abandon();
    await Bun.sleep(20);
    first.abandon();
    const next = await rawRequest(site.port, "GET /busy?1,0");
    expect(next?.status).toBe(200);
  });

  test("does not run a guest to its end for somebody who went away in the line", async () => {
    const first = await RawConnection.open(site.port);
    await first.send("GET /queue?ms=100 HTTP/1.1\r\nHost: h\r\n\r\n");
    await Bun.sleep(20);
    const gone = await RawConnection.open(site.port);
    await gone.send("GET /queue?ms=50000 HTTP/1.1\r\nHost: h\r\n\r\n");
    await Bun.sleep(20);
    gone.abandon();
    expect((await first.response())?.status).toBe(200);
    expect((await rawRequest(site.port, "GET /queue?ms=1"))?.status).toBe(200);
    first.abandon();
  });

  test("is a route's own", async () => {
    const held = await Promise.all([
      occupy("/busy?1000,20"),
      occupy("/pair?1000,20"),
      occupy("/pair?1000,20"),
    ]);
    expect((await rawRequest(site.port, "GET /hello"))?.status).toBe(200);
    expect(site.pools()["c-sse.wasm"]?.live).toBe(3);
    for (const each of held) each.abandon();
    await waitFor("their end", () => (site.pools()["c-sse.wasm"]?.live ?? 0) <= 1);
  });
});
