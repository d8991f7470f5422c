import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { parse } from "valibot";
import { adminBodyBytesMax } from "../limits.ts";
import { type FakeListener, listenFake, nodeStatus, tokens } from "./control-fixture.ts";
import { nodeStatusSchema } from "./status.ts";

const token = tokens.operator;
let listener: FakeListener;
let base = "";

beforeAll(() => {
  listener = listenFake();
  base = listener.base;
});
afterAll(async () => {
  await listener[Symbol.asyncDispose]();
});
beforeEach(() => {
  listener.ready = true;
  listener.node.fail = undefined;
  listener.reported.length = 0;
});

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends lines as they are, since fetch would not: several Hosts, foreign Hosts, broken ones. */
function raw(lines: readonly string[], body = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let text = "";
    void Bun.connect({
      hostname: "127.0.0.1",
      port: listener.port,
      socket: {
        open: (socket) => void socket.write([...lines, "Connection: close", "", body].join("\r\n")),
        data: (_socket, bytes) => {
          text += bytes.toString("latin1");
        },
        close: () => {
          const [head = "", ...rest] = text.split("\r\n\r\n");
          resolve({
            status: Number(head.split(" ")[1]),
            head: head.toLowerCase(),
            body: rest.join("\r\n\r\n"),
          });
        },
        error: (_socket, error) => reject(error),
      },
    });
  });
}

const authorization = `Authorization: Bearer ${token}`;
const code = ({ body }: Answer): string => (body.startsWith("{") ? JSON.parse(body).error.code : body);

describe("createAdminApi status", () => {
  test("GET /v1/status answers what the node says, in the form of the schema, uncached", async () => {
    const response = await fetch(`${base}/v1/status`, { headers: { authorization: `Bearer ${token}` } });
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(parse(nodeStatusSchema, await response.json())).toEqual(nodeStatus);
  });

  test("HEAD /v1/status has no body", async () => {
    const { status, body } = await raw(["HEAD /v1/status HTTP/1.1", "Host: localhost", authorization]);
    expect([status, body]).toEqual([200, ""]);
  });

  test("an error of ours is reported and answered without a word about it", async () => {
    const fail = new Error("secret detail at /home/me/file.ts");
    listener.node.fail = fail;
    const answer = await raw(["GET /v1/status HTTP/1.1", "Host: localhost", authorization]);
    expect([answer.status, code(answer)]).toEqual([500, "internal"]);
    expect(`${answer.head}${answer.body}`).not.toMatch(/secret|\.ts|\bat\b .*:\d/);
    expect(listener.reported).toEqual([fail]);
  });
});

describe("createAdminApi health", () => {
  test("/healthz and /readyz answer without a token", async () => {
    expect(await raw(["GET /healthz HTTP/1.1", "Host: 127.0.0.1"])).toMatchObject({
      status: 200,
      body: "ok",
    });
    expect(await raw(["GET /readyz HTTP/1.1", "Host: 127.0.0.1"])).toMatchObject({ status: 200, body: "ok" });
    listener.ready = false;
    expect(await raw(["GET /healthz HTTP/1.1", "Host: 127.0.0.1"])).toMatchObject({
      status: 200,
      body: "ok",
    });
    expect(await raw(["GET /readyz HTTP/1.1", "Host: 127.0.0.1"])).toMatchObject({
      status: 503,
      body: "not ready",
    });
  });
});

describe("createAdminApi Host", () => {
  const hosts: readonly [host: string, verdict: number][] = [
    ["127.0.0.1", 200],
    ["127.0.0.1:9080", 200],
    ["192.168.1.7:1", 200],
    ["[::1]:9080", 200],
    ["[2001:db8::7]", 200],
    ["localhost", 200],
    ["LocalHost:9080", 200],
    ["admin.example", 200],
    ["ADMIN.example:443", 200],
    ["evil.example", 403],
    ["evil.example:9080", 403],
    ["localhost.evil.example", 403],
    ["127.0.0.1.evil.example", 403],
    ["127.0.0.1.nip.io", 403],
    ["notlocalhost", 403],
    ["x.admin.example", 403],
    ["localhost.", 403],
    ["2130706433", 403],
    ["0x7f.0.0.1", 403],
    ["127.1", 403],
    ["[evil]", 400],
    ["[::1", 400],
    ["evil@localhost", 400],
    ["localhost/", 400],
    ["localhost:9080:1", 400],
    ["localhost:", 400],
    ["local host", 400],
    ["localhost, localhost", 400],
    ["", 400],
  ];
  test.each(hosts)("Host %p gets %p, on /healthz as well", async (host, verdict) => {
    for (const path of ["/v1/status", "/healthz"]) {
      const answer = await raw([`GET ${path} HTTP/1.1`, `Host: ${host}`, authorization]);
      expect(answer.status).toBe(verdict);
      if (verdict !== 200) expect(code(answer)).toBe(verdict === 403 ? "auth.host" : "request.malformed");
    }
  });

  test("two Hosts, or none, are malformed", async () => {
    const two = await raw(["GET /v1/status HTTP/1.1", "Host: localhost", "Host: localhost", authorization]);
    expect([two.status, code(two)]).toEqual([400, "request.malformed"]);
    expect((await raw(["GET /v1/status HTTP/1.1", authorization])).status).toBe(400);
    const old = await raw(["GET /v1/status HTTP/1.0", authorization]);
    expect([old.status, code(old)]).toEqual([400, "request.malformed"]);
  });
});

describe("createAdminApi Origin", () => {
  const origins: readonly [host: string, origin: string, verdict: number][] = [
    ["127.0.0.1:9080", "http://127.0.0.1:9080", 200],
    ["admin.example", "https://admin.example", 200],
    ["Admin.Example", "https://admin.EXAMPLE", 200],
    ["[::1]:9080", "http://[::1]:9080", 200],
    ["127.0.0.1:9080", "http://127.0.0.1:8080", 403],
    ["127.0.0.1:9080", "http://127.0.0.1", 403],
    ["127.0.0.1:9080", "http://localhost:9080", 403],
    ["localhost", "http://evil.example", 403],
    ["localhost", "http://localhost.evil.example", 403],
    ["localhost", "http://evil.example/http://localhost", 403],
    ["localhost", "null", 403],
    ["localhost", "", 403],
    ["localhost", "file://localhost", 403],
    ["localhost", "chrome-extension://abcdef", 403],
    ["localhost", "http://localhost, http://localhost", 403],
  ];
  test.each(origins)("Host %p with Origin %p gets %p, on /healthz as well", async (host, origin, verdict) => {
    for (const path of ["/v1/status", "/healthz"]) {
      const answer = await raw([`GET ${path} HTTP/1.1`, `Host: ${host}`, `Origin: ${origin}`, authorization]);
      expect(answer.status).toBe(verdict);
      if (verdict === 403) expect(code(answer)).toBe("auth.origin");
    }
  });
});

describe("createAdminApi token", () => {
  const refused: readonly [name: string, lines: readonly string[]][] = [
    ["no header", []],
    ["an empty header", ["Authorization:"]],
    ["no token", ["Authorization: Bearer"]],
    ["another scheme", [`Authorization: Basic ${token}`]],
    ["the bare token", [`Authorization: ${token}`]],
    ["a wrong token", ["Authorization: Bearer emend_wrong"]],
    ["half the token", [`Authorization: Bearer ${token.slice(0, -1)}`]],
    ["more than the token", [`Authorization: Bearer ${token}x`]],
    ["another case", [`Authorization: Bearer ${token.toUpperCase()}`]],
    ["two tokens", [`Authorization: Bearer ${token} ${token}`]],
    ["two headers", [authorization, authorization]],
    ["a long token", [`Authorization: Bearer ${"x".repeat(10_000)}`]],
    ["the token in a cookie", [`Cookie: token=${token}`]],
  ];
  test.each(refused)("%s gets 401 auth.token", async (_name, lines) => {
    for (const path of [
      "/v1/status",
      "/nowhere",
      "/healthz/",
      "//healthz",
      "/healthz/../v1/status",
      "/",
      "/v1/status/%2e%2e",
    ]) {
      const answer = await raw([`GET ${path} HTTP/1.1`, "Host: localhost", ...lines]);
      expect([path, answer.status, code(answer)]).toEqual([path, 401, "auth.token"]);
      expect(answer.head).toContain("www-authenticate: bearer");
      expect(answer.body).not.toContain(token);
    }
  });

  test("the scheme's name has no case", async () => {
    const answer = await raw([
      "GET /v1/status HTTP/1.1",
      "Host: localhost",
      `authorization: bearer ${token}`,
    ]);
    expect(answer.status).toBe(200);
  });

  test("the query is no place for the token", async () => {
    expect((await raw([`GET /v1/status?token=${token} HTTP/1.1`, "Host: localhost"])).status).toBe(401);
  });
});

describe("createAdminApi paths, methods and bodies", () => {
  test("an unknown path is a 404 that does not repeat it", async () => {
    const answer = await raw(["GET /v2/<script> HTTP/1.1", "Host: localhost", authorization]);
    expect([answer.status, code(answer)]).toEqual([404, "request.path"]);
    expect(answer.body).not.toContain("script");
    expect(answer.head).toContain("content-type: application/json");
  });

  test.each([
    ["POST", "/v1/status"],
    ["DELETE", "/v1/status"],
    ["PUT", "/healthz"],
    ["OPTIONS", "/readyz"],
  ])("%s %s gets 405 with Allow", async (method, path) => {
    const answer = await raw([`${method} ${path} HTTP/1.1`, "Host: localhost", authorization]);
    expect([answer.status, code(answer)]).toEqual([405, "request.method"]);
    expect(answer.head).toContain("allow: get, head");
  });

  test("a wrong method on a health path needs no token to be told so", async () => {
    expect((await raw(["POST /healthz HTTP/1.1", "Host: localhost"])).status).toBe(405);
  });

  test("a body over the limit is refused by its length, before it has come", async () => {
    const answer = await raw([
      "POST /v1/status HTTP/1.1",
      "Host: localhost",
      authorization,
      `Content-Length: ${adminBodyBytesMax + 1}`,
    ]);
    expect([answer.status, code(answer)]).toEqual([413, "request.too-large"]);
  });

  test("a chunked body is refused once it is over the limit", async () => {
    const chunk = "x".repeat(adminBodyBytesMax + 1);
    const answer = await raw(
      ["POST /v1/status HTTP/1.1", "Host: localhost", authorization, "Transfer-Encoding: chunked"],
      `${chunk.length.toString(16)}\r\n${chunk}\r\n0\r\n\r\n`,
    );
    expect([answer.status, code(answer)]).toEqual([413, "request.too-large"]);
  });

  test("a huge body without a token is refused for the token, unread", async () => {
    const answer = await raw(["POST /v1/status HTTP/1.1", "Host: localhost", "Content-Length: 100000000"]);
    expect(answer.status).toBe(401);
  });
});
