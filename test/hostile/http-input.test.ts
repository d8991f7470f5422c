/**
 * Requests that are wrong, on purpose or not. Each has one defined answer, and behind each the node serves
 * the next client as if nothing had been: same instance, same variables, not a byte of the request before.
 *
 * Answers without a body are Bun's own: it refuses what cannot be HTTP before emend sees it.
 */
import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { ownGuest } from "../support/guests.ts";
import { RawConnection, rawRequest, valuesOf } from "../support/raw-connection.ts";
import { serveSite, waitFor } from "../support/serve-sites.ts";

const site = await serveSite({
  files: {
    "env.wasm": await ownGuest("headers-dump"),
    "reader.wasm": await ownGuest("reader"),
    "secret.txt": "not to be served",
    "public/a.txt": "hello",
  },
  toml: `
[[route]]
path = "/env/*"
module = "env.wasm"
[[route]]
path = "/some"
module = "env.wasm"
methods = ["GET", "POST"]
[[route]]
path = "/reader"
module = "reader.wasm"
timeout_ms = 200
`,
});
afterAll(() => site.stop());

const plain = await rawRequest(site.port, "GET /env");

afterEach(async () => {
  const next = await rawRequest(site.port, "GET /env");
  expect([next?.status, next?.body.toString()]).toEqual([200, plain!.body.toString()]);
  await waitFor("idle guests", () => Object.values(site.pools()).every(({ live, idle }) => live === idle));
});

/** A second request that must not be seen as one where it is part of the first. */
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: h.test\r\n\r\n";

/** Statuses of all responses to what is sent as it stands; "closed" when the connection ends without one. */
async function statuses(sent: string, count = 1): Promise<(number | "closed")[]> {
  const connection = await RawConnection.open(site.port);
  try {
    await connection.send(sent);
    const found: (number | "closed")[] = [];
    while (found.length < count && found.at(-1) !== "closed") {
      found.push((await connection.response(sent.split(" ")[0]))?.status ?? "closed");
    }
    return found;
  } finally {
    connection.abandon();
  }
}

const get = (path: string, fields: string): string => `GET ${path} HTTP/1.1\r\n${fields}\r\n`;
const host = "Host: h.test\r\n";
const numbered = (count: number): string => Array.from({ length: count }, (_, i) => `X-${i}: v\r\n`).join("");

describe("a head", () => {
  const heads: readonly [what: string, sent: string, status: number | "closed"][] = [
    ["of 190 fields", get("/env", host + numbered(190)), 200],
    ["of 10,000 fields", get("/env", host + numbered(10_000)), 431],
    ["with a field of 15 KB", get("/env", `${host}X: ${"v".repeat(15_000)}\r\n`), 200],
    ["with a field of 1 MB", get("/env", `${host}X: ${"v".repeat(1_000_000)}\r\n`), 431],
    ["with a URI of 10 KB", get(`/env/${"u".repeat(10_000)}`, host), 200],
    ["with a URI of 1 MB", get(`/env/${"u".repeat(1_000_000)}`, host), 431],
    ["with a query of 1 MB", get(`/env?${"q".repeat(1_000_000)}`, host), 431],
    ["that is folded", get("/env", `${host}X: a\r\n b\r\n`), 400],
    ["with a bare LF", "GET /env HTTP/1.1\nHost: h.test\n\n", 505],
    ["with a bare CR", get("/env", `${host}X: a\rY: b\r\n`), 400],
    ["with a NUL", get("/env", `${host}X: a\0b\r\n`), 400],
    ["with a line without a colon", get("/env", `${host}nonsense\r\n`), 400],
    ["with a blank in a name", get("/env", `${host}X Y: z\r\n`), 400],
    ["of HTTP/2.0", `GET /env HTTP/2.0\r\n${host}\r\n`, 505],
    ["of HTTP/0.9", "GET /env\r\n\r\n", 505],
    ["that is TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
    ["of HTTP/1.0 with a Host", `GET /env HTTP/1.0\r\n${host}\r\n`, 200],
    ["of HTTP/1.0 without a Host", "GET /env HTTP/1.0\r\n\r\n", 400],
    ["without a Host", get("/env", ""), 400],
    ["with two Hosts", get("/env", "Host: a\r\nHost: b\r\n"), 400],
    ["with one Host twice", get("/env", "Host: a\r\nHost: a\r\n"), 400],
    ...[
      "",
      " ",
      "a b",
      "a/b",
      "a@b",
      "a,b",
      "a:b",
      "a:999999",
      "[::1",
      "\xe4",
      "a%2fb",
      "http://a",
      "a\0b",
      "a?b",
      "a#b",
    ].map((value): [string, string, number] => [
      `with the Host ${JSON.stringify(value)}`,
      get("/env", `Host: ${value}\r\n`),
      400,
    ]),
  ];
  test.each(heads)("%s", async (_, sent, status) => {
    expect(await statuses(sent)).toEqual([status]);
  });

  test("that never ends is cut by the listener's own idle limit, not waited for by a guest", async () => {
    const connection = await RawConnection.open(site.port);
    await connection.send(`GET /env HTTP/1.1\r\n${host}X: `);
    await Bun.sleep(50);
    expect(Object.values(site.pools()).every(({ live, idle }) => live === idle)).toBe(true);
    connection.abandon();
  });
});

describe("a request target", () => {
  const targets: readonly [target: string, status: number, body?: string][] = [
    ...["/env/%", "/env/%zz", "/env/%0", "/env/%00", "/%", "/a.txt%", "/a.txt%00"].map(
      (target): [string, number] => [target, 400],
    ),
    ...["*", "", "a.txt", "?x", "ftp://h.test/a.txt", "http:/a.txt", "h.test:80"].map(
      (target): [string, number] => [target, 400],
    ),
    ["/a.txt\x01", 505],
    ["/a.txt b", 505],
    ["/a.txt", 200, "hello"],
    ["/./a.txt", 200, "hello"],
    ["/x/../a.txt", 200, "hello"],
    ["http://h.test/a.txt", 200, "hello"],
    ["http://other.test:99/a.txt", 200, "hello"],
    ["//a.txt", 404],
    ["/\xff", 404],
    ["/%ff", 400],
    ...[
      "/secret.txt",
      "/../secret.txt",
      "/../../../../../../etc/passwd",
      "/%2e%2e/secret.txt",
      "/%2E%2e/secret.txt",
      "/.%2e/secret.txt",
      "/..%2fsecret.txt",
      "/%2e%2e%2fsecret.txt",
      "/%252e%252e/secret.txt",
      "/%252e%252e%252fsecret.txt",
      "/..\\secret.txt",
      "/..%5csecret.txt",
      "/%c0%ae%c0%ae/secret.txt",
      "/%e0%80%ae%e0%80%ae/secret.txt",
      "/%uff0e%uff0e/secret.txt",
      "/....//secret.txt",
      "/..;/secret.txt",
      "/a.txt/../../secret.txt",
      "/a.txt/..%2f..%2fsecret.txt",
      "/.%00./secret.txt",
    ].map((target): [string, number] => [target, /%(?:00|u|c0|e0)/.test(target) ? 400 : 404]),
  ];
  for (const [target, status, body] of targets) {
    test(`${JSON.stringify(target)}: ${status}`, async () => {
      const response = await rawRequest(site.port, `GET ${target}`);
      expect(response?.status).toBe(status);
      if (body !== undefined) expect(response?.body.toString()).toBe(body);
      expect(response?.body.toString()).not.toContain("not to be served");
    });
  }
});

describe("a method", () => {
  const all = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
  const methods: readonly [method: string, path: string, status: number | "closed", allow?: string][] = [
    ...["TRACE", "CONNECT", "PROPFIND", "QUERY", "LINK"].flatMap(
      (method): [string, string, number, string?][] => [
        [method, "/env", 405, all],
        [method, "/some", 405, "GET, POST, HEAD"],
        [method, "/a.txt", 405, "GET, HEAD"],
        [method, "/nothing", 404],
      ],
    ),
    ["PUT", "/some", 405, "GET, POST, HEAD"],
    ["POST", "/a.txt", 405, "GET, HEAD"],
    ["HEAD", "/some", 200],
    ["OPTIONS", "/env", 200],
    // Bun knows none of these: it ends the connection.
    ["BREW", "/env", "closed"],
    ["get", "/env", "closed"],
    ["G T", "/env", 400],
  ];
  for (const [method, path, status, allow] of methods) {
    test(`${method} ${path}: ${status}`, async () => {
      const response = await rawRequest(site.port, `${method} ${path}`);
      expect(response?.status ?? "closed").toBe(status);
      expect(response === undefined ? undefined : valuesOf(response, "allow")[0]).toBe(allow);
    });
  }

  test("CONNECT with an authority, OPTIONS *", async () => {
    expect(await statuses(`CONNECT h.test:443 HTTP/1.1\r\n${host}\r\n`)).toEqual([400]);
    expect(await statuses(`OPTIONS * HTTP/1.1\r\n${host}\r\n`)).toEqual([400]);
  });

  test("TRACE gives no request back", async () => {
    const response = await rawRequest(site.port, "TRACE /env", ["Cookie: secret"]);
    expect(response?.body.toString()).not.toContain("secret");
  });
});

describe("a message that two servers could cut differently", () => {
  const post = (fields: string, body: string): string => `POST /env HTTP/1.1\r\n${host}${fields}\r\n${body}`;
  const refused: readonly [what: string, sent: string][] = [
    [
      "length and chunks",
      post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", `0\r\n\r\n${smuggled}`),
    ],
    [
      "chunks and length",
      post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", `0\r\n\r\n${smuggled}`),
    ],
    ["two lengths", post("Content-Length: 4\r\nContent-Length: 5\r\n", `abcde${smuggled}`)],
    ...["+4", "-4", "4, 4", "0x4", "4 4", "4a", "", "99999999999999999999"].map(
      (length): [string, string] => [
        `the length ${JSON.stringify(length)}`,
        post(`Content-Length: ${length}\r\n`, `abcd${smuggled}`),
      ],
    ),
    ...[
      ...["identity", "chunked, identity", "gzip, chunked", "xchunked", "chunked, chunked", "\x0bchunked"],
      ...["chunked\r\nTransfer-Encoding: identity", "identity\r\nTransfer-Encoding: chunked"],
    ].map((coding): [string, string] => [
      `the coding ${JSON.stringify(coding)}`,
      post(`Transfer-Encoding: ${coding}\r\n`, `3\r\nabc\r\n0\r\n\r\n${smuggled}`),
    ]),
    ["a blank before the colon", post("Transfer-Encoding : chunked\r\n", `0\r\n\r\n${smuggled}`)],
    ...[
      "zz\r\nabc\r\n0\r\n\r\n",
      "-1\r\nabc\r\n0\r\n\r\n",
      "3\nabc\n0\n\n",
      "3\r\nabcd\r\n0\r\n\r\n",
      "0x3\r\nabc\r\n0\r\n\r\n",
      "fffffffffffffffff\r\nabc",
    ].map((chunks): [string, string] => [
      `the chunks ${JSON.stringify(chunks)}`,
      post("Transfer-Encoding: chunked\r\n", `${chunks}${smuggled}`),
    ]),
  ];
  test.each(refused)("%s: 400, and the connection ends", async (_, sent) => {
    expect(await statuses(sent, 2)).toEqual([400, "closed"]);
  });

  const understood: readonly [what: string, sent: string, expected: (number | "closed")[]][] = [
    ["one length twice", post("Content-Length: 4\r\nContent-Length: 4\r\n", `abcd${smuggled}`), [200, 404]],
    ["CHUNKED", post("Transfer-Encoding: CHUNKED\r\n", `3\r\nabc\r\n0\r\n\r\n${smuggled}`), [200, 404]],
    [
      "an extension",
      post("Transfer-Encoding: chunked\r\n", `3;a=1\r\nabc\r\n0\r\n\r\n${smuggled}`),
      [200, 404],
    ],
    ["a GET with a body", get("/env", `${host}Content-Length: 40\r\n`) + smuggled + smuggled, [200, 404]],
    ["three requests at once", smuggled.repeat(3), [404, 404, 404]],
  ];
  test.each(understood)("%s is understood", async (_, sent, expected) => {
    expect(smuggled.length).toBe(40);
    expect(await statuses(sent, expected.length)).toEqual(expected);
  });
});

describe("a body that", () => {
  test("comes too slowly is not waited for longer than timeout_ms", async () => {
    for (const framing of ["Content-Length: 100", "Transfer-Encoding: chunked"]) {
      const connection = await RawConnection.open(site.port);
      await connection.send(`POST /reader HTTP/1.1\r\n${host}${framing}\r\n\r\n`);
      const drip = setInterval(() => connection.send(framing.startsWith("C") ? "x" : "1\r\nx\r\n"), 30);
      const beganMs = performance.now();
      const response = await connection.response("POST");
      clearInterval(drip);
      expect(response?.status).toBe(504);
      expect(performance.now() - beganMs).toBeLessThan(1000);
      connection.abandon();
    }
  });

  test.each([
    ["Content-Length: 100", "x"],
    ["Transfer-Encoding: chunked", "5\r\nab"],
    ["Transfer-Encoding: chunked", "2\r\nab\r\n"],
  ])("breaks off (%s, %j) never passes for a whole one", async (framing, sent) => {
    const lines = async (): Promise<unknown[]> =>
      (await site.records()).filter(({ path }) => path === "/reader");
    const before = (await lines()).length;
    const connection = await RawConnection.open(site.port);
    await connection.send(`POST /reader HTTP/1.1\r\n${host}${framing}\r\n\r\n${sent}`);
    await Bun.sleep(30);
    connection.abandon();
    await waitFor("the line of the request", async () => (await lines()).length === before + 1);
    expect((await lines()).at(-1)).toMatchObject({
      status: 400,
      reason: expect.stringMatching(/broke off|went away/),
    });
  });
});
