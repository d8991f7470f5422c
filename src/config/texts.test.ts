/** The rules of single texts: what each takes and what it refuses. */
import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { checkGlob } from "./asset-glob.ts";
import { byteSize } from "./byte-size.ts";
import { checkWebhook } from "./canary.ts";
import { checkHeaderName, checkHeaderValue } from "./header-field.ts";
import { checkHost, checkHostPattern, checkIpRange } from "./host-name.ts";
import { isSameListener, parseListenAddress } from "./listen-address.ts";
import { nearestWord } from "./nearest-word.ts";
import { checkProbeHeader, checkProbePath } from "./probe.ts";
import { checkPublicKey } from "./public-key.ts";
import { checkModulePath, checkReleasePath } from "./release-path.ts";
import { checkRoutePath } from "./route-path.ts";
import type { TextRule } from "./scalar.ts";

const long = (count: number) => "x".repeat(count);
const rules: readonly (readonly [string, TextRule, readonly string[], readonly string[]])[] = [
  [
    "checkRoutePath",
    checkRoutePath,
    ["/", "/*", "/a", "/a/", "/a/*", "/:id", "/a/:id/b/:other_1/*", "/a:b", "/ä ö", "/.well-known/x", "/a.b"],
    [
      "",
      "a",
      "*",
      "/a*",
      "/*/a",
      "/a//b",
      "//",
      "/a/../b",
      "/.",
      "/:",
      "/:1",
      "/:a-b",
      "/:a?",
      "/:a{x}",
      "/:a/:a",
    ].concat(["/a?b", "/a#b", "/%61", "/a\\b", "/a\0", "/a\n", `/${long(1024)}`, "/\ud800"]),
  ],
  [
    "checkModulePath",
    checkModulePath,
    ["a.wasm", "a/b.c.wasm", "ä ö.wasm", ".well-known/a.wasm"],
    [
      "",
      "a",
      "a.wasm/",
      "/a.wasm",
      "../a.wasm",
      "a/./b.wasm",
      "a//b.wasm",
      ".wasm",
      "a/.wasm",
      ".a/b.wasm",
      "a\\b.wasm",
    ].concat(["a\0.wasm", "A\u0308.wasm", `${long(508)}.wasm`, "\ud800.wasm", "a.WASM"]),
  ],
  [
    "checkReleasePath",
    checkReleasePath,
    ["public", "a/b", "a..b"],
    ["", ".", "..", "a/", "/", ".git", "a/.b"],
  ],
  [
    "checkProbePath",
    checkProbePath,
    ["/", "/a?b=c&d", "/%C3%A4", "//a", "/../a"],
    ["", "a", "http://a/", "/a b", "/ä", "/a#b", "/a\\b", "/a\n", `/${long(1024)}`],
  ],
  [
    "checkProbeHeader",
    checkProbeHeader,
    ["x-a", "Host", "Accept-Encoding", "Authorization"],
    ["", "a b", "a:", "Connection", "content-length", "Transfer-Encoding"],
  ],
  [
    "checkPublicKey",
    checkPublicKey,
    ["RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"],
    [
      "",
      "RWQ",
      "AWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3",
      `RW${long(55)}`,
      `RWQ${"=".repeat(53)}`,
      // Its point is the neutral element: anyone can sign.
      "RWQAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ],
  ],
  [
    "checkWebhook",
    checkWebhook,
    ["http://a", "https://a.example:8443/b?c"],
    ["", "a", "ftp://a", "http://", "https://[", "javascript:0"],
  ],
  [
    "checkGlob",
    checkGlob,
    ["**", "*.css", "assets/**", "a/{b,c}/[a-z]?.js", "[]]", "[!]]x", "[{]", "\\[", "a b/ü"],
    ["", "/a", "!a", "[a", "{a", "a}", "{a,{b}", "a\\", "[]", "./a", "a/../b", "a\nb", long(513), "\ud800"],
  ],
  [
    "checkHeaderName",
    checkHeaderName,
    ["x-a", "X_A", "Cache-Control"],
    ["", "a b", "a:", "ä", "a\r\n", "Connection", "ETag"],
  ],
  [
    "checkHeaderValue",
    checkHeaderValue,
    ["", "a b\tc", "default-src 'self'"],
    ["a\nb", "a\rb", "a\0b", "ä", "\x7f"],
  ],
  [
    "checkHost",
    checkHost,
    [
      "localhost",
      "a.example.com",
      "EXAMPLE.com",
      "xn--bcher-kva.example",
      "192.0.2.1",
      "[2001:db8::1]",
      "a_b.c",
      "1.example",
    ],
    [
      "",
      ".",
      "a.",
      "a..b",
      "-a",
      "a-",
      "a:80",
      "a:",
      "::1",
      "[::1",
      "[1]",
      "[::1]:80",
      "bücher.example",
      "*",
      "a b",
    ].concat(["1.2.3", "999.1.1.1", "a/b", `${long(64)}.a`, `${"a.".repeat(126)}ab`]),
  ],
  [
    "checkHostPattern",
    checkHostPattern,
    ["*", "*.example.com", "example.com", "[::1]"],
    ["", "**", "*a", "a.*", "*.", "*.*.a", "*.[::1]", "*.192.0.2.1", "*:80"],
  ],
  [
    "checkIpRange",
    checkIpRange,
    ["10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "2001:db8::/32", "::/128"],
    [
      "",
      "a",
      "10.0.0/8",
      "10.0.0.0/33",
      "::/129",
      "10.0.0.0/",
      "/8",
      "10.0.0.0/8/8",
      "10.0.0.0/-1",
      "[::1]",
      "010.0.0.1",
    ],
  ],
];

for (const [name, rule, good, bad] of rules) {
  describe(name, () => {
    test.each(good)("takes %j", (text) => expect(rule(text)).toBeUndefined());
    test.each(bad)("refuses %j", (text) => expect(rule(text)).toBeString());
  });
}

describe("checkGlob", () => {
  test("knows the syntax of Bun.Glob: what it takes can match, what it refuses would be taken literally", () => {
    for (const [glob, path] of [
      ["[]]", "]"],
      ["[!]]x", "ax"],
      ["[{]", "{"],
      ["\\[", "["],
      ["a/{b,c}/[a-z]?.js", "a/c/zz.js"],
    ] as const) {
      expect([glob, new Bun.Glob(glob).match(path)]).toEqual([glob, true]);
    }
  });
});

describe("byteSize", () => {
  test.each([
    [0, 0],
    [1024, 1024],
    ["12 B", 12],
    ["12B", 12],
    ["64 KiB", 65_536],
    ["16 MiB", 16_777_216],
    ["1 GiB", 1_073_741_824],
  ])("reads %j", (input, bytes) => expect(v.parse(byteSize(), input)).toBe(bytes));

  test.each([
    -1,
    0.5,
    Number.NaN,
    2 ** 53,
    "",
    "1",
    "1 MB",
    "1 mib",
    "-1 B",
    "1.5 MiB",
    " 1 B",
    "1  B",
    "99999999999 B",
    true,
    null,
  ])("refuses %p", (input) => expect(v.safeParse(byteSize(), input).success).toBe(false));
});

describe("parseListenAddress", () => {
  test.each([
    ["127.0.0.1:8080", { hostname: "127.0.0.1", port: 8080 }],
    ["localhost:0", { hostname: "localhost", port: 0 }],
    [":65535", { hostname: undefined, port: 65_535 }],
    ["[::1]:80", { hostname: "::1", port: 80 }],
  ])("reads %j", (text, address) => expect(parseListenAddress(text)).toEqual(address));

  test.each([
    "",
    "a",
    ":",
    "a:",
    ":x",
    ":65536",
    "::1:80",
    "[::1]",
    "[::1]80",
    "[]:80",
    "a b:80",
    "http://a:80",
    ":-1",
    "1:2:3",
  ])("refuses %j", (text) => expect(parseListenAddress(text)).toBeUndefined());
});

describe("isSameListener", () => {
  test.each([
    [":80", ":80", true],
    ["127.0.0.1:80", ":80", true],
    ["[::]:80", "127.0.0.1:80", true],
    ["127.0.0.1:80", "127.0.0.2:80", false],
    [":80", ":81", false],
    [":0", ":0", false],
  ])("%s and %s: %p", (a, b, same) =>
    expect(isSameListener(parseListenAddress(a)!, parseListenAddress(b)!)).toBe(same),
  );
});

describe("nearestWord", () => {
  const words = ["path", "module", "timeout_ms", "idle_ms"];
  test.each([
    ["paht", "path"],
    ["pat", "path"],
    ["modul", "module"],
    ["timeout", "timeout_ms"],
    ["timeoutms", "timeout_ms"],
    ["idlems", "idle_ms"],
    ["", undefined],
    ["zzz", undefined],
    [long(1_000_000), undefined],
  ])("of %s is %p", (word, nearest) => expect(nearestWord(word, words)).toBe(nearest as string));
});
