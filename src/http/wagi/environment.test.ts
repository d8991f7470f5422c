import { describe, expect, test } from "bun:test";
import { parseTarget } from "../request-target.ts";
import { type EnvironmentSource, guestEnvironment, splitPath } from "./environment.ts";

const url = "http://h.test/a/b";

function environment(
  headers: readonly (readonly [string, string])[] = [],
  change: Partial<EnvironmentSource> = {},
): string[] {
  return guestEnvironment({
    request: new Request(url, { headers: headers.map(([name, value]) => [name, value]) }),
    target: parseTarget(url)!,
    pattern: "/a/*",
    scriptSegments: 1,
    siteEnv: {},
    address: "192.0.2.1",
    contentLength: "0",
    ...change,
  });
}

const nameOf = (variable: string): string => variable.slice(0, variable.indexOf("="));
const valuesOf = (name: string, variables: readonly string[]): string[] =>
  variables.filter((each) => nameOf(each) === name).map((each) => each.slice(name.length + 1));

describe("guestEnvironment", () => {
  test("has every built-in variable once, whatever the site calls its own", () => {
    const names = environment().map(nameOf);
    expect(names).toHaveLength(19);
    expect(new Set(names).size).toBe(19);
    // Also a name that is new and forgotten in the list of those that a site cannot have shows here.
    for (const name of names) {
      const [plain, changed] = [environment(), environment([], { siteEnv: { [name]: "site's", OWN: "1" } })];
      expect(valuesOf(name, changed)).toEqual(valuesOf(name, plain));
      expect(changed).toHaveLength(plain.length + 1);
    }
  });

  test("has the site's variables first, in its order, as UTF-8", () => {
    const siteEnv = { B: "2", A: "1=x", ÜML: "é" };
    const variables = environment([["x-a", "1"]], { siteEnv });
    expect(variables.slice(0, 4)).toEqual(["B=2", "A=1=x", "\xc3\x9cML=\xc3\xa9", "HTTP_X_A=1"]);
  });

  test("lets a header win over the site, and leaves the site's where there is no such header", () => {
    const siteEnv = { HTTP_X_A: "site", HTTP_X_B: "site" };
    const variables = environment([["x-a", "request"]], { siteEnv });
    expect([valuesOf("HTTP_X_A", variables), valuesOf("HTTP_X_B", variables)]).toEqual([
      ["request"],
      ["site"],
    ]);
  });

  const repeated: readonly [name: string, fields: readonly [string, string]][] = [
    ["HTTP_X_A", ["x-a", "x_a"]],
    ["HTTP_SET_COOKIE", ["set-cookie", "set-cookie"]],
  ];
  test.each(repeated)("has %s once, from whatever fields it comes", (name, fields) => {
    const variables = environment(fields.map((field, index) => [field, `value ${index}`]));
    expect(valuesOf(name, variables)).toHaveLength(1);
    expect(variables).toHaveLength(20);
  });

  test("keeps credentials and the proxy from the guest, however their names are written", () => {
    const fields = ["Authorization", "Proxy-Authorization", "proxy_authorization", "Connection", "Proxy"];
    for (let round = 0; round < 2; round++) {
      expect(environment(fields.map((name) => [name, "secret"]))).toEqual(environment());
    }
  });

  test("is the same for a field however many others were seen", () => {
    const before = environment([["x-seen", "1"]]);
    for (let i = 0; i < 1000; i++) {
      const name = `x-${i}${"y".repeat(i % 100)}`;
      const variable = `HTTP_X_${i}${"Y".repeat(i % 100)}`;
      expect(valuesOf(variable, environment([[name, "v"]]))).toEqual(["v"]);
    }
    expect(environment([["x-seen", "1"]])).toEqual(before);
    expect(environment([["authorization", "secret"]])).toEqual(environment());
  });

  test("has CORRUPT VALUE for what is not UTF-8, in headers, content type and path", () => {
    const variables = environment(
      [
        ["x-a", "caf\xe9"],
        ["content-type", "a/\xff"],
      ],
      { target: parseTarget("http://h.test/%fe/%ff")! },
    );
    for (const name of ["HTTP_X_A", "HTTP_CONTENT_TYPE", "CONTENT_TYPE", "PATH_INFO", "SCRIPT_NAME"]) {
      expect([name, valuesOf(name, variables)]).toEqual([name, ["CORRUPT VALUE"]]);
    }
  });

  const hosts: readonly [url: string, host: string, port: string][] = [
    ["http://h.test/", "h.test", "80"],
    ["https://h.test/", "h.test", "443"],
    ["https://h.test:80/", "h.test", "80"],
    ["http://[::1]/", "[::1]", "80"],
    ["http://[::1]:8080/", "[::1]", "8080"],
    ["http://[2001:db8::7]/", "[2001:db8::7]", "80"],
    ["http://h.test:/", "h.test:", "80"],
  ];
  test.each(hosts)("takes host and port from %s", (target, host, port) => {
    const variables = environment([], { target: parseTarget(target)! });
    expect([valuesOf("SERVER_NAME", variables), valuesOf("SERVER_PORT", variables)]).toEqual([
      [host],
      [port],
    ]);
  });
});

describe("splitPath", () => {
  const cases: readonly [path: string, segments: number | undefined, script: string, info: string][] = [
    ["/a/b", undefined, "/a/b", ""],
    ["/a/b", 0, "", "/a/b"],
    ["/a", 1, "/a", ""],
    ["/a/", 1, "/a", "/"],
    ["/a/b/c", 2, "/a/b", "/c"],
    ["/a", 2, "/a", ""],
  ];
  test.each(cases)("cuts %s after %p segments", (path, segments, script, info) => {
    expect(splitPath(path, segments)).toEqual([script, info]);
  });
});
