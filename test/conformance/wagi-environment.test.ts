/** What a guest is told of its request: every variable, every argument. */
import { afterAll, describe, expect, test } from "bun:test";
import { kitGuest, ownGuest } from "../support/guests.ts";
import { rawRequest } from "../support/raw-connection.ts";
import { serveSite } from "../support/serve-sites.ts";

const argvRoutes: readonly [path: string, argv: string][] = [
  ["/argv/none/*", ""],
  ["/argv/list", 'argv = ["a b", "${SCRIPT_NAME}", "x${ARGS}y", "", "${ARGS}"]'],
  ["/argv/text", 'argv = "run  ${SCRIPT_NAME} ${ARGS} end "'],
];
const site = await serveSite({
  files: { "env.wasm": await ownGuest("headers-dump"), "argv.wasm": kitGuest("c-cgi-env") },
  toml: [
    ...["/exact", "/foo/*", "/p/:id/x/*", "/item/:id"].map(
      (path) => `[[route]]\npath = "${path}"\nmodule = "env.wasm"\n`,
    ),
    '[[route]]\npath = "/own"\nmodule = "env.wasm"\n',
    '[route.env]\nGREETING = "hi"\nSERVER_SOFTWARE = "mine"\nHTTP_X_A = "site"\nUML = "ü"\n',
    ...argvRoutes.map(([path, argv]) => `[[route]]\npath = "${path}"\nmodule = "argv.wasm"\n${argv}\n`),
  ].join(""),
});
const root = await serveSite({
  files: { "env.wasm": await ownGuest("headers-dump") },
  toml: '[[route]]\npath = "/*"\nmodule = "env.wasm"\n',
});
const proxied = await serveSite(
  { files: { "env.wasm": await ownGuest("headers-dump") } },
  { trustedProxies: ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"] },
);
afterAll(() => Promise.all([site, root, proxied].map((each) => each.stop())));

/** The environment that a request leads to, as byte strings. */
async function environment(
  start: string,
  fields: readonly string[] = [],
  body = "",
  port = site.port,
): Promise<Record<string, string>> {
  const response = await rawRequest(port, start, fields, body);
  expect(response?.status).toBe(200);
  const lines = response!.body.toString("latin1").trimEnd().split("\n");
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

const always = {
  AUTH_TYPE: "",
  CONTENT_LENGTH: "0",
  CONTENT_TYPE: "",
  GATEWAY_INTERFACE: "CGI/1.1",
  HTTP_HOST: "h.test",
  PATH_INFO: "",
  PATH_TRANSLATED: "",
  QUERY_STRING: "",
  REMOTE_ADDR: "127.0.0.1",
  REMOTE_HOST: "127.0.0.1",
  REMOTE_USER: "",
  REQUEST_METHOD: "GET",
  SCRIPT_NAME: "/exact",
  SERVER_NAME: "h.test",
  SERVER_PORT: "80",
  SERVER_PROTOCOL: "HTTP/1.1",
  SERVER_SOFTWARE: "WAGI/1",
  X_FULL_URL: "http://h.test:80/exact",
  X_MATCHED_ROUTE: "/exact",
  X_RAW_PATH_INFO: "",
};

describe("the environment", () => {
  test("is this and nothing else for a bare request", async () => {
    expect(await environment("GET /exact")).toEqual(always);
  });

  test("tells of the body", async () => {
    expect(await environment("POST /exact", ["Content-Type: a/b; c=d", "Content-Length: 3"], "abc")).toEqual({
      ...always,
      REQUEST_METHOD: "POST",
      CONTENT_LENGTH: "3",
      CONTENT_TYPE: "a/b; c=d",
      HTTP_CONTENT_LENGTH: "3",
      HTTP_CONTENT_TYPE: "a/b; c=d",
    });
  });

  test("has the header fields but those that are withheld", async () => {
    const fields = [
      ...["Authorization: Basic c2VjcmV0", "Connection: keep-alive, X-A", "Proxy: http://evil.test"],
      "Proxy-Authorization: Basic c2VjcmV0",
      ...["X-A: 1", "x-a: 2", "X-Utf: caf\xc3\xa9", "X-Latin: caf\xe9", "Cookie: a=b; c", "X-Empty:"],
    ];
    expect(await environment("GET /exact", fields)).toEqual({
      ...always,
      HTTP_X_A: "1, 2",
      HTTP_X_UTF: "caf\xc3\xa9",
      HTTP_X_LATIN: "CORRUPT VALUE",
      HTTP_COOKIE: "a=b; c",
      HTTP_X_EMPTY: "",
    });
  });

  test("has the site's own variables first, and the built-in ones win", async () => {
    expect(await environment("GET /own", ["X-A: request"])).toMatchObject({
      GREETING: "hi",
      UML: "\xc3\xbc",
      SERVER_SOFTWARE: "WAGI/1",
      HTTP_X_A: "request",
    });
    expect(await environment("GET /own")).toMatchObject({ HTTP_X_A: "site" });
  });

  const hosts: readonly [host: string, name: string, port: string][] = [
    ["example.org:8443", "example.org", "8443"],
    ["example.org:80", "example.org", "80"],
    ["EXAMPLE.org", "example.org", "80"],
    ["[::1]:8080", "[::1]", "8080"],
    ["192.0.2.7", "192.0.2.7", "80"],
  ];
  test.each(hosts)("takes host and port from Host: %s", async (host, name, port) => {
    expect(await environment("GET /exact?q", [`Host: ${host}`])).toMatchObject({
      HTTP_HOST: host,
      SERVER_NAME: name,
      SERVER_PORT: port,
      X_FULL_URL: `http://${name}:${port}/exact?q`,
    });
  });

  const paths: readonly [target: string, route: string, script: string, rawInfo: string, info: string][] = [
    ["/exact", "/exact", "/exact", "", ""],
    ["/foo", "/foo/*", "/foo", "", ""],
    ["/foo/", "/foo/*", "/foo", "/", "/"],
    ["/foo/x/y", "/foo/*", "/foo", "/x/y", "/x/y"],
    ["/foo/a//b/./c/../d;e=1", "/foo/*", "/foo", "/a//b/d;e=1", "/a//b/d;e=1"],
    ["/foo/x%20y/%C3%A9", "/foo/*", "/foo", "/x%20y/%C3%A9", "/x y/\xc3\xa9"],
    ["/foo/a%2Fb%25", "/foo/*", "/foo", "/a%2Fb%25", "/a/b%"],
    ["/foo/%ff", "/foo/*", "/foo", "/%ff", "CORRUPT VALUE"],
    ["/%66oo/x", "/foo/*", "/foo", "/x", "/x"],
    ["/p/7/x/rest", "/p/:id/x/*", "/p/7/x", "/rest", "/rest"],
    ["/p/7/x", "/p/:id/x/*", "/p/7/x", "", ""],
    ["/item/a%20b", "/item/:id", "/item/a b", "", ""],
  ];
  test.each(paths)("cuts %s by the route %s", async (target, route, script, rawInfo, info) => {
    expect(await environment(`GET ${target}`)).toMatchObject({
      X_MATCHED_ROUTE: route,
      SCRIPT_NAME: script,
      X_RAW_PATH_INFO: rawInfo,
      PATH_INFO: info,
      PATH_TRANSLATED: info,
    });
  });

  test("has an empty script name under /*", async () => {
    expect(await environment("GET /a/b", [], "", root.port)).toMatchObject({
      SCRIPT_NAME: "",
      PATH_INFO: "/a/b",
    });
    expect(await environment("GET /", [], "", root.port)).toMatchObject({ SCRIPT_NAME: "", PATH_INFO: "/" });
  });

  test("does not match /foobar with /foo/*", async () => {
    expect((await rawRequest(site.port, "GET /foobar"))?.status).toBe(404);
  });

  test("has the query as it was sent", async () => {
    expect(await environment("GET /exact?a=%20&b=+c&&%zz?d")).toMatchObject({
      QUERY_STRING: "a=%20&b=+c&&%zz?d",
    });
    expect(await environment("GET /exact?")).toMatchObject({ QUERY_STRING: "" });
  });
});

describe("the client's address", () => {
  const cases: readonly [forwarded: string, address: string][] = [
    ["203.0.113.9", "203.0.113.9"],
    ["::ffff:203.0.113.9", "203.0.113.9"],
    ["2001:db9::1", "2001:db9::1"],
    // Whatever stands left of the first address that nobody trusted wrote is made up.
    ["1.2.3.4, 203.0.113.9", "203.0.113.9"],
    ["203.0.113.9, 10.1.2.3", "203.0.113.9"],
    ["203.0.113.9,2001:db8::7 , 10.1.2.3", "203.0.113.9"],
    ["10.1.2.3", "10.1.2.3"],
    ["203.0.113.9, unknown", "127.0.0.1"],
    ["203.0.113.9, 10.1.2.3:80", "127.0.0.1"],
    ["", "127.0.0.1"],
  ];
  test.each(cases)("behind a trusted proxy, X-Forwarded-For: %s, is %s", async (forwarded, address) => {
    const fields = [`X-Forwarded-For: ${forwarded}`];
    const variables = await environment("GET /env", fields, "", proxied.port);
    expect([variables.REMOTE_ADDR, variables.REMOTE_HOST]).toEqual([address, address]);
  });

  test("is the peer's where no proxy is trusted", async () => {
    expect(await environment("GET /exact", ["X-Forwarded-For: 203.0.113.9"])).toMatchObject({
      REMOTE_ADDR: "127.0.0.1",
    });
  });
});

describe("the arguments", () => {
  const cases: readonly [target: string, args: readonly string[]][] = [
    ["/argv/none/x?a=1&b%20c", ["/argv/none/x", "a=1", "b%20c"]],
    ["/argv/none/x%20y", ["/argv/none/x%20y"]],
    ["/argv/none?a&&b", ["/argv/none", "a", "", "b"]],
    ["/argv/list?a=1&b=2", ["a b", "/argv/list", "xa=1 b=2y", "", "a=1", "b=2"]],
    ["/argv/list", ["a b", "/argv/list", "xy", ""]],
    ["/argv/text?a&b", ["run", "/argv/text", "a", "b", "end"]],
    ["/argv/text", ["run", "/argv/text", "end"]],
    // What came with the request is never taken for a template.
    ["/argv/text?${SCRIPT_NAME}&$&", ["run", "/argv/text", "${SCRIPT_NAME}", "$", "end"]],
  ];
  test.each(cases)("of %s", async (target, args) => {
    const response = await rawRequest(site.port, `GET ${target}`);
    const lines = response!.body.toString("latin1").split("\n");
    const expected = [`argc=${args.length}`, ...args.map((arg, i) => `argv[${i}]=${arg}`)];
    expect(lines.slice(0, args.length + 1)).toEqual(expected);
  });
});
