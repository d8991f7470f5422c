import { expect, test } from "bun:test";
import { Pace } from "../pace.ts";
import { findTarget, mapUrls } from "./url-map.ts";

const names = [
  "index.html",
  "about.html",
  "exact",
  "exact.html",
  "docs/index.html",
  "both.html",
  "both/index.html",
  "a b.txt",
  "100%.txt",
  "caf\u00e9.txt",
  "a..b/...c.txt",
  "\ud83d\ude00/index.html",
  "evil.example/index.html",
  "name?query#hash.txt",
  ".well-known/x",
];
const urls = await mapUrls(new Map(names.map((name) => [name, name])), new Pace());

const found: readonly [path: string, name: string][] = [
  ["/", "index.html"],
  ["/index.html", "index.html"],
  ["/index", "index.html"],
  ["/about", "about.html"],
  ["/about.html", "about.html"],
  ["/exact", "exact"],
  ["/docs/", "docs/index.html"],
  ["/both", "both.html"],
  ["/both/", "both/index.html"],
  ["/a%20b.txt", "a b.txt"],
  ["/100%25.txt", "100%.txt"],
  ["/caf%C3%A9.txt", "caf\u00e9.txt"],
  ["/cafe%CC%81.txt", "caf\u00e9.txt"],
  ["/caf\u00e9.txt", "caf\u00e9.txt"],
  ["/a..b/...c.txt", "a..b/...c.txt"],
  ["/%F0%9F%98%80/", "\ud83d\ude00/index.html"],
  ["/name%3Fquery%23hash.txt", "name?query#hash.txt"],
  ["/%61bout", "about.html"],
  ["/.well-known/x", ".well-known/x"],
];
test.each(found)("findTarget %p is the file %p", (path, file) => {
  expect(findTarget(urls, path)).toEqual({ kind: "file", file });
});

const directories: readonly [path: string, location: string][] = [
  ["/docs", "/docs/"],
  ["/evil.example", "/evil.example/"],
  ["/%F0%9F%98%80", "/%F0%9F%98%80/"],
];
test.each(directories)("findTarget %p is a directory at %p", (path, location) => {
  expect(findTarget(urls, path)).toEqual({ kind: "directory", location });
});

const unknown = [
  ...["//", "//about", "//evil.example", "//evil.example/", "/\\evil.example", "/%5Cevil.example", "/about/"],
  ...["/About", "/docs%2Findex.html", "/docs%2f", "/%2Fabout", "/%2F%2Fevil.example", "/%252Fabout"],
  ...[
    "/../about",
    "/docs/../about",
    "/%2e%2e/about",
    "/%2E%2E%2Fabout",
    "/..%5Cabout",
    "/./about",
    "/%2e/about",
  ],
  ...["/about%00", "/about%00.html", "/about.html%20", "/about;x", "/..%252fabout", "/%c3%a9", "", "about"],
  ...["/__proto__", "/constructor", `/${"a/".repeat(8000)}`],
];
test.each(unknown)("findTarget %p is nothing", (path) => {
  expect(findTarget(urls, path)).toBeUndefined();
});

const malformed = [
  "/%",
  "/%2",
  "/%zz",
  "/100%.txt",
  "/%ff",
  "/%c0%af",
  "/%C0%AE%C0%AE/about",
  "/%ed%a0%80",
  "/%2F%",
];
test.each(malformed)("findTarget %p is malformed", (path) => {
  expect(findTarget(urls, path)).toBe("malformed");
});
