import { describe, expect, test } from "bun:test";
import { EmendError } from "../errors.ts";
import { siteExample as example } from "./contract-example-fixture.ts";
import { checkSiteConfig, defaultSiteConfig, parseSiteConfig } from "./site-config.ts";

/** The error lines of a text, or "" when it is valid. */
function errorsOf(toml: string): string {
  try {
    parseSiteConfig(toml, "site.toml");
    return "";
  } catch (thrown) {
    if (thrown instanceof EmendError && thrown.code === "site.config") return thrown.message;
    throw thrown;
  }
}

/** A route that is valid but for these lines. */
function withRoute(lines: string): string {
  return `[[route]]\npath = "/a"\nmodule = "a.wasm"\n${lines}`;
}

describe("parseSiteConfig", () => {
  test("reads the contract's example", () => {
    expect(parseSiteConfig(example, "site.toml")).toEqual({
      routes: [
        {
          path: "/api/*",
          module: "api.wasm",
          kind: "wagi",
          methods: ["GET", "POST"],
          argv: { kind: "list", items: ["${SCRIPT_NAME}", "${ARGS}"] },
          env: { GREETING: "hi" },
          files: ["data/**"],
          scratchBytes: 16 * 1024 * 1024,
          preload: false,
          timeoutMs: 1000,
          idleMs: 10_000,
          cpuMs: 200,
          memoryBytesMax: 64 * 1024 * 1024,
          bodyMaxBytes: 10 * 1024 * 1024,
          chunked: false,
          maxConcurrency: 64,
          breaker: { failures: 5, windowMs: 10_000, rate: 0.5, requestsMin: 20, openMs: 5000 },
          probe: { method: "GET", path: "/api/health", status: [200, 299], headers: {} },
        },
      ],
      assets: {
        dir: "public",
        spa: false,
        cache: { "assets/**": "public, max-age=31536000, immutable" },
        headers: { "**": { "x-frame-options": "DENY" } },
      },
    });
  });

  test("has the contract's numbers, sizes and booleans as defaults", () => {
    const shown = parseSiteConfig(example, "site.toml");
    const left = parseSiteConfig('[[route]]\npath = "/api/*"\nmodule = "api.wasm"\n', "site.toml");
    const examples = {
      ...{ kind: undefined, methods: undefined, argv: undefined, env: {}, files: [] },
      probe: undefined,
    };
    expect(left).toEqual({
      routes: [{ ...shown.routes[0]!, ...examples }],
      assets: { ...shown.assets, cache: {}, headers: {} },
    });
  });

  test("reads an empty file as a site of assets", () => {
    const assets = { dir: "public", spa: false, cache: {}, headers: {} };
    expect(parseSiteConfig("", "site.toml")).toEqual({ routes: [], assets });
  });

  test("takes argv as one template", () => {
    const { routes } = parseSiteConfig(withRoute('argv = "x ${ARGS}"'), "site.toml");
    expect(routes[0]?.argv).toEqual({ kind: "split", template: "x ${ARGS}" });
  });

  test.each([
    [
      "an unknown key with its neighbour",
      withRoute("timout_ms = 5"),
      'route[0].timout_ms: expected a known key, got an unknown one; did you mean "timeout_ms"?',
    ],
    ["an unknown key without one", withRoute("zzz = 5"), "route[0].zzz: expected one of path, module, kind,"],
    [
      "an unknown table",
      "[asset]\n",
      'asset: expected a known key, got an unknown one; did you mean "assets"?',
    ],
    [
      "a key of a later version",
      withRoute('upstream = "http://127.0.0.1:9000"'),
      "route[0].upstream: expected a key of this version of emend, got one that it does not support yet",
    ],
    [
      "a kind of a later version",
      withRoute('kind = "http-wasm"'),
      'route[0].kind: expected "wagi" (others are not supported by this version of emend), got "http-wasm"',
    ],
    ["an unknown kind", withRoute('kind = "cgi"'), 'route[0].kind: expected "wagi", got "cgi"'],
    [
      "a missing key",
      '[[route]]\npath = "/a"',
      "route[0].module: expected a value, got nothing: this key is required",
    ],
    [
      "a key in the wrong place",
      '[route]\npath = "/a"',
      "route: expected a list of [[route]] tables, got a table",
    ],
    ["a list for a table", "[[assets]]\nspa = true", "assets: expected a table, got a list"],
    ["a list for a dictionary", withRoute("env = []"), "route[0].env: expected a table, got an empty list"],
    ["a date for a table", "assets = 2026-01-01", "assets: expected a table, got a date or time"],
    [
      "a text for a number",
      withRoute('timeout_ms = "1s"'),
      'route[0].timeout_ms: expected an integer from 1 to 86400000, got "1s"',
    ],
    [
      "a fraction",
      withRoute("timeout_ms = 0.5"),
      "route[0].timeout_ms: expected an integer from 1 to 86400000, got 0.5",
    ],
    [
      "not a number",
      withRoute("idle_ms = nan"),
      "route[0].idle_ms: expected an integer from 1 to 86400000, got NaN",
    ],
    [
      "zero requests at once",
      withRoute("max_concurrency = 0"),
      "route[0].max_concurrency: expected an integer from 1 to 10000, got 0",
    ],
    ["a breaker that is off", withRoute("breaker = false"), "route[0].breaker: expected a table, got false"],
    [
      "a rate that is no share",
      withRoute("breaker = { rate = 1.5 }"),
      "route[0].breaker.rate: expected a number from 0.01 to 1, got 1.5",
    ],
    [
      "a rate that is no number",
      withRoute("breaker = { rate = nan }"),
      "route[0].breaker.rate: expected a number from 0.01 to 1, got NaN",
    ],
    ["a probe of nothing", withRoute("probe = {}"), "route[0].probe.path: expected a value, got nothing"],
    [
      "a probe with a body",
      withRoute('probe = { path = "/", method = "POST" }'),
      'route[0].probe.method: expected "GET" or "HEAD", got "POST"',
    ],
    ...["200", "[200]", "[299, 200]", "[200, 299, 300]"].map((status): [string, string, string] => [
      `a probe for ${status}`,
      withRoute(`probe = { path = "/", status = ${status} }`),
      "route[0].probe.status: expected ",
    ]),
    [
      "a status that is none",
      withRoute('probe = { path = "/", status = [200, 600] }'),
      "route[0].probe.status[1]: expected an integer from 100 to 599, got 600",
    ],
    ["a number for a switch", withRoute("preload = 1"), "route[0].preload: expected true or false, got 1"],
    [
      "a decimal unit",
      withRoute('body_max = "10 MB"'),
      'route[0].body_max: expected bytes as an integer, or a text such as "10 MiB"',
    ],
    [
      "a size over 2^53",
      withRoute('body_max = "9999999999 GiB"'),
      "route[0].body_max: expected at most 2^53 - 1 bytes",
    ],
    [
      "an unknown method",
      withRoute('methods = ["get"]'),
      'route[0].methods[0]: expected one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, got "get"',
    ],
    ["no method", withRoute("methods = []"), "route[0].methods: expected at least one method"],
    [
      "a method twice",
      withRoute('methods = ["GET", "GET"]'),
      "route[0].methods: expected each method once, got a list",
    ],
    ["an item of argv", withRoute("argv = [1]"), "route[0].argv[0]: expected a template, got 1"],
    [
      "no argv at all",
      withRoute("argv = []"),
      "route[0].argv: expected a list with at least one template, got an empty list",
    ],
    [
      "an unknown placeholder",
      withRoute('argv = ["${PATH}"]'),
      "route[0].argv[0]: expected no placeholders but ${SCRIPT_NAME} and ${ARGS}",
    ],
    [
      "an environment name with =",
      withRoute('env = { "A=B" = "x" }'),
      'route[0].env."A=B": expected the name of a variable',
    ],
    [
      "an environment value with NUL",
      withRoute('env = { A = "\\u0000" }'),
      "route[0].env.A: expected the value of a variable without NUL",
    ],
    [
      "a module outside",
      withRoute("").replace("a.wasm", "../a.wasm"),
      "route[0].module: expected a path below the site's directory",
    ],
    [
      "a module that is none",
      withRoute("").replace("a.wasm", "a.js"),
      'route[0].module: expected a path that ends in ".wasm", got "a.js"',
    ],
    [
      "assets outside",
      '[assets]\ndir = "/srv"',
      'assets.dir: expected a path relative to the site\'s directory, got "/srv"',
    ],
    [
      "the whole site as assets",
      '[assets]\ndir = "."',
      "assets.dir: expected a path below the site's directory",
    ],
    [
      "a broken glob",
      '[assets]\ncache = { "[a" = "x" }',
      'assets.cache."[a": expected a glob with its brackets and braces closed',
    ],
    [
      "a header that splits the response",
      '[assets]\nheaders = { "**" = { x = "a\\r\\nb: c" } }',
      'assets.headers."**".x: expected the value of a header',
    ],
    [
      "a header with a space in its name",
      '[assets]\nheaders = { "**" = { "a b" = "x" } }',
      'assets.headers."**"."a b": expected the name of a header',
    ],
    [
      "a header of the framing",
      '[assets]\nheaders = { "**" = { Content-Length = "1" } }',
      'assets.headers."**".Content-Length: expected a header that emend does not set itself',
    ],
    [
      "a header in two cases",
      '[assets]\nheaders = { "**" = { a = "1", A = "2" } }',
      'assets.headers."**".A: expected each header once',
    ],
    [
      "a name that every object has",
      withRoute("env = { constructor = 'x' }"),
      "route[0].env.constructor: expected another name, got a reserved one",
    ],
  ])("refuses %s", (_, toml, message) => {
    const lines = errorsOf(toml).split("\n");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toStartWith(`site.toml: ${message}`);
  });

  test("lists all errors of all tables at once", () => {
    const toml = `asets = 1\n${withRoute("cpu_ms = 0\nidle_ms = 0\nfoo = 1\nbar = 2")}\n[assets]\nspa = "yes"`;
    const paths = errorsOf(toml)
      .split("\n")
      .map((line) => line.split(": ")[1]);
    expect(paths.sort()).toEqual([
      "asets",
      "assets.spa",
      ...["route[0].bar", "route[0].cpu_ms", "route[0].foo", "route[0].idle_ms"],
    ]);
  });

  test("counts what is beyond the 50 errors that it lists", () => {
    const toml = Array.from({ length: 60 }, (_, index) => `unknown-${index} = 1`).join("\n");
    const lines = errorsOf(toml).split("\n");
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toBe("site.toml: and 10 more");
  });

  test("shows no control character of the file", () => {
    const message = errorsOf(withRoute('kind = "\\u001b[31m\\u202e\\u009b"\n"\\u001b" = 1'));
    expect(message).toContain('got "\\u001b[31m\\u202e\\u009b"');
    expect(/[^\n\x20-\x7e]/.test(message)).toBe(false);
  });
});

describe("findRivals", () => {
  const pair = (first: string, second: string) =>
    `[[route]]\nmodule = "a.wasm"\n${first}\n[[route]]\nmodule = "b.wasm"\n${second}`;
  test.each([
    ["the same path", 'path = "/a"', 'path = "/a"', "GET"],
    ["parameters of other names", 'path = "/a/:x/b"', 'path = "/a/:y/b"', "GET"],
    [
      "one method in common",
      'path = "/a"\nmethods = ["GET", "PUT"]',
      'path = "/a"\nmethods = ["PUT"]',
      "PUT",
    ],
    ["HEAD, which GET answers", 'path = "/a"\nmethods = ["GET"]', 'path = "/a"\nmethods = ["HEAD"]', "HEAD"],
    ["a route for all methods", 'path = "/a"', 'path = "/a"\nmethods = ["DELETE"]', "DELETE"],
  ])("refuses %s", (_, first, second, method) => {
    expect(errorsOf(pair(first, second))).toMatch(
      new RegExp(`^site.toml: route\\[1\\].path: .* which route\\[0\\] answers for ${method}$`),
    );
  });

  test.each([
    ["other methods", 'path = "/a"\nmethods = ["GET"]', 'path = "/a"\nmethods = ["POST"]'],
    ["an exact path below a wildcard", 'path = "/a/*"', 'path = "/a"'],
    ["a parameter beside a word", 'path = "/a/:x"', 'path = "/a/x"'],
  ])("takes %s", (_, first, second) => {
    expect(errorsOf(pair(first, second))).toBe("");
  });

  test("is told along with the errors of the same routes", () => {
    const lines = errorsOf(pair('path = "/a"\nidle_ms = 0', 'path = "/a"\nfoo = 1')).split("\n");
    expect(lines.map((line) => line.split(": ")[1])).toEqual([
      "route[0].idle_ms",
      "route[1].foo",
      "route[1].path",
    ]);
  });
});

describe("checkSiteConfig", () => {
  test("gives the issues as data", () => {
    const message = "expected true or false, got 1";
    expect(checkSiteConfig("[assets]\nspa = 1")).toEqual({
      kind: "invalid",
      issues: [{ path: "assets.spa", message }],
    });
  });
});

describe("defaultSiteConfig", () => {
  test("routes the modules at the top, each to its name and below", () => {
    const files = [
      "z.wasm",
      "index.wasm",
      "a b.wasm",
      "public/x.wasm",
      ".hidden.wasm",
      "readme.txt",
      ".wasm",
    ];
    const { routes, assets } = defaultSiteConfig(files);
    expect(routes.map(({ path, module }) => [path, module])).toEqual([
      ["/a b/*", "a b.wasm"],
      ["/", "index.wasm"],
      ["/z/*", "z.wasm"],
    ]);
    expect(assets.dir).toBe("public");
    expect(routes[2]?.timeoutMs).toBe(1000);
  });

  test("refuses a name that cannot stand in a path", () => {
    expect(() => defaultSiteConfig(["a*.wasm"])).toThrow(
      'route[0].path: expected a path with "*" only as the last segment',
    );
  });
});
