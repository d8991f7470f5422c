import { expect, test } from "bun:test";
import { localRedirectsMax } from "../limits.ts";
import { type Redirectable, redirectedCall } from "./local-redirect.ts";
import { parseTarget } from "./request-target.ts";

function call(method = "GET"): Redirectable {
  const headers = { host: "node.test", cookie: "a=b", "content-type": "text/plain" };
  const request = new Request("http://node.test/old?q", { method, headers });
  const target = parseTarget(request.url)!;
  return { request, target, route: null, reason: undefined, localRedirect: "x", redirects: 0 };
}

test("the new request is for the other path of the same site, without what belonged to the old body", () => {
  const [got, head] = [redirectedCall(call("POST"), "/new?r#part")!, redirectedCall(call("HEAD"), "/new")!];
  expect(got.target).toEqual({ authority: "node.test", path: "/new", query: "r", scheme: "http" });
  expect([got.request.method, head.request.method]).toEqual(["GET", "HEAD"]);
  expect(Object.fromEntries(got.request.headers)).toEqual({ host: "node.test", cookie: "a=b" });
});

test.each(["@elsewhere.test/", ":81/", ".elsewhere.test/", ":port/"])(
  "%s leads to no other place",
  (location) => {
    const asked = call();
    expect(redirectedCall(asked, location)).toBeUndefined();
    expect(asked.reason).toBe(`a local redirect to ${JSON.stringify(location)}`);
  },
);

test("a circle ends", () => {
  const asked = call();
  for (let i = 0; i < localRedirectsMax; i++) expect(redirectedCall(asked, "/")).toBe(asked);
  expect(redirectedCall(asked, "/")).toBeUndefined();
  expect(asked.reason).toBe("more than 5 local redirects");
});
