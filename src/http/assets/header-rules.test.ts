import { expect, test } from "bun:test";
import { compileHeaderRules } from "./header-rules.ts";

const rulesOf = compileHeaderRules(
  {
    cache: { "assets/**": "max-age=60", "assets/*.js": "max-age=70", "**/*.css": "max-age=80" },
    headers: {
      "**": { "x-frame-options": "DENY", "x-a": "1" },
      "*.html": { "x-a": "2", "cache-control": "no-store" },
    },
  },
  { "x-emend-release": "0123" },
);

const cases: readonly [name: string, cacheControl: string, xA: string][] = [
  ["logo.png", "no-cache", "1"],
  ["assets/deep/a.js", "max-age=60", "1"],
  ["assets/a.js", "max-age=70", "1"],
  ["assets/a.css", "max-age=80", "1"],
  ["a.css", "max-age=80", "1"],
  ["index.html", "no-store", "2"],
  ["docs/index.html", "no-cache", "1"],
];
test.each(cases)("compileHeaderRules for %p: later rules win", (name, cacheControl, xA) => {
  expect(Object.fromEntries(rulesOf(name))).toEqual({
    "cache-control": cacheControl,
    "x-a": xA,
    "x-content-type-options": "nosniff",
    "x-emend-release": "0123",
    "x-frame-options": "DENY",
  });
});
