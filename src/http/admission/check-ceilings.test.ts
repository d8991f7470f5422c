import { expect, test } from "bun:test";
import { defaultSiteLimits, singleModuleConfig } from "../../config/defaults.ts";
import type { RouteConfig } from "../../config/index.ts";
import { checkCeilings } from "./check-ceilings.ts";

const route = (path: string, timeoutMs: number): RouteConfig => ({
  ...singleModuleConfig("a.wasm").routes[0]!,
  path,
  timeoutMs,
});
const limits = { ...defaultSiteLimits(), guestTimeoutMsMax: 5000 };

test("checkCeilings takes what is at the ceilings, and a site without routes", () => {
  expect(() => checkCeilings([route("/a", 5000), route("/b", 1)], limits)).not.toThrow();
  expect(() => checkCeilings([], limits)).not.toThrow();
});

test("checkCeilings names every route, key, what is asked and what is allowed", () => {
  const check = (): void =>
    checkCeilings([route("/a", 5001), route("/b", 5000), route("/c/*", 86_400_000)], limits);
  expect(check).toThrow(
    expect.objectContaining({
      code: "site.limit",
      message:
        "route /a: timeout_ms is 5001, but the operator's guest_timeout_ms_max is 5000; " +
        "route /c/*: timeout_ms is 86400000, but the operator's guest_timeout_ms_max is 5000",
    }),
  );
});
