import { describe, expect, test } from "bun:test";
import { logHeadersMax } from "../limits.ts";
import { createRedactor } from "./redactor.ts";

describe("Redactor.headers", () => {
  test("headers masks credentials and configured names, whatever their case", () => {
    const { headers } = createRedactor(["X-Api-Key", " x-session "]);
    const shown = headers(
      new Headers({
        Authorization: "Bearer s",
        "PROXY-AUTHORIZATION": "s",
        cookie: "a=s",
        "X-API-KEY": "s",
        "x-session": "s",
        "user-agent": "curl/8",
      }),
    );
    expect({ ...shown }).toEqual({
      authorization: "[redacted]",
      "proxy-authorization": "[redacted]",
      cookie: "[redacted]",
      "x-api-key": "[redacted]",
      "x-session": "[redacted]",
      "user-agent": "curl/8",
    });
  });

  test("headers masks every Set-Cookie", () => {
    const headers = new Headers([
      ["set-cookie", "a=secret1"],
      ["set-cookie", "b=secret2"],
    ]);
    expect(JSON.stringify(createRedactor([]).headers(headers))).not.toContain("secret");
  });

  test("headers keeps a bounded number", () => {
    const many = new Headers(Array.from({ length: 100 }, (_, at): [string, string] => [`x-${at}`, "v"]));
    expect(Object.keys(createRedactor([]).headers(many))).toHaveLength(logHeadersMax);
  });
});

describe("Redactor.text", () => {
  const { text } = createRedactor(["x-api-key", "x.odd+(name"]);
  const secrets: readonly [string, string][] = [
    ["a header line", "Authorization: Bearer SECRET"],
    ["an environment dump", "env: HTTP_COOKIE=a=SECRET; b=SECRET"],
    ["JSON", '{"cookie": "SECRET", "x-api-key":"SECRET"}'],
    ["JSON in JSON", String.raw`{\"cookie\": \"SECRET\"}`],
    ["a tuple", '[("authorization", "Bearer SECRET")]'],
    ["a map", "headers['X-Api-Key'] => SECRET"],
    ["an assignment with spaces", "x_api_key   =   SECRET"],
    ["a coloured name", "\x1b[1mauthorization\x1b[0m: SECRET"],
    ["a name with a control character", "authorization\0: SECRET"],
    ["several lines", "set-cookie: SECRET\nand SECRET"],
    ["a name with characters that mean something in a pattern", "x.odd+(name: SECRET"],
  ];
  test.each(secrets)("text hides the value in %s", (_name, line) => {
    expect(text(line)).not.toContain("SECRET");
    expect(text(line)).toContain("[redacted]");
  });

  test.each(["no cookie, sorry", "authorization failed", "GET /cookie 200", "x-api-keys are three"])(
    "text leaves %p alone",
    (line) => expect(text(line)).toBe(line),
  );

  test("text takes linear time on a hostile line", () => {
    const startedMs = performance.now();
    text("cookie".repeat(500) + " ".repeat(4000));
    text(`cookie${'"'.repeat(4000)}`.repeat(2));
    expect(performance.now() - startedMs).toBeLessThan(100);
  });
});
