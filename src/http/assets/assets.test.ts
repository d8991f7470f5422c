import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Hex } from "../../bytes/index.ts";
import type { SiteFile } from "../content.ts";
import { type Assets, type AssetsOptions, createAssets } from "./assets.ts";
import { diskFile, memoryFile, siteOf } from "./content-fixture.ts";

const styles = "a { color: rebeccapurple }\n".repeat(100);
const files = [
  memoryFile("public/index.html", "<h1>home</h1>"),
  memoryFile("public/404.html", "<h1>lost</h1>"),
  memoryFile("public/app.css", styles),
  memoryFile("public/digits.bin", "0123456789"),
  memoryFile("public/empty.txt", ""),
  memoryFile("public/docs/index.html", "<h1>docs</h1>"),
  memoryFile("site.toml", "secret"),
  memoryFile("publicity.txt", "not an asset"),
];
const styleTag = `"${sha256Hex(styles)}"`;
const digitsTag = `"${sha256Hex("0123456789")}"`;

type Asked = { method?: string; headers?: Record<string, string>; query?: string };

async function ask(assets: Assets, path: string, { method = "GET", headers = {}, query = "" }: Asked = {}) {
  const response = await assets.respond(new Request(`http://host${path}${query}`, { method, headers }), path);
  if (response === undefined) return undefined;
  const fields = Object.fromEntries(response.headers);
  return { status: response.status, fields, text: await response.text() };
}

async function assetsWithVariants(options: AssetsOptions = {}): Promise<Assets> {
  const assets = await createAssets(siteOf(files), options);
  await assets.makeVariants();
  return assets;
}

test("respond answers a file with all that a cache and a browser need", async () => {
  const answer = await ask(
    await createAssets(siteOf(files), { headers: { "x-emend-release": "0123" } }),
    "/app.css",
  );
  expect(answer).toEqual({
    status: 200,
    text: styles,
    fields: {
      "accept-ranges": "bytes",
      "cache-control": "no-cache",
      "content-type": "text/css; charset=utf-8",
      etag: styleTag,
      vary: "Accept-Encoding",
      "x-content-type-options": "nosniff",
      "x-emend-release": "0123",
    },
  });
});

test("respond gives each answer its own headers", async () => {
  const assets = await createAssets(siteOf(files));
  const first = await assets.respond(new Request("http://host/app.css"), "/app.css");
  first?.headers.set("x-mark", "1");
  expect((await ask(assets, "/app.css"))?.fields).not.toHaveProperty("x-mark");
});

test("respond knows nothing but the assets", async () => {
  const assets = await createAssets(siteOf(files.filter(({ path }) => path !== "public/404.html")));
  const paths = [
    "/site.toml",
    "/../site.toml",
    "/public/app.css",
    "/publicity.txt",
    "/ity.txt",
    "//app.css",
    "/nope",
  ];
  for (const path of paths) expect(await ask(assets, path)).toBeUndefined();
});

test("respond answers a broken percent-encoding with 400", async () => {
  expect((await ask(await createAssets(siteOf(files)), "/%zz"))?.status).toBe(400);
});

test("respond redirects a directory to its slash, with the query", async () => {
  const answer = await ask(await createAssets(siteOf(files)), "/docs", { query: "?a=//b" });
  expect([answer?.status, answer?.fields.location]).toEqual([301, "/docs/?a=//b"]);
});

test("respond to HEAD has the length and no body", async () => {
  const answer = await ask(await assetsWithVariants(), "/app.css", { method: "HEAD" });
  expect([answer?.status, answer?.text, answer?.fields["content-length"]]).toEqual([200, "", "2700"]);
});

test.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])("respond to %p is 405", async (method) => {
  const assets = await createAssets(siteOf(files));
  for (const path of ["/app.css", "/docs", "/"]) {
    const answer = await ask(assets, path, { method });
    expect([answer?.status, answer?.fields.allow]).toEqual([405, "GET, HEAD"]);
  }
  expect(await ask(assets, "/nope", { method })).toBeUndefined();
});

const ranges: readonly [
  headers: Record<string, string>,
  status: number,
  text: string,
  contentRange: string | undefined,
][] = [
  [{ range: "bytes=2-4" }, 206, "234", "bytes 2-4/10"],
  [{ range: "bytes=-2" }, 206, "89", "bytes 8-9/10"],
  [{ range: "bytes=7-" }, 206, "789", "bytes 7-9/10"],
  [{ range: "bytes=0-0,-1" }, 200, "0123456789", undefined],
  [{ range: "bytes=10-" }, 416, "416 Range Not Satisfiable\n", "bytes */10"],
  [{ range: "bytes=x" }, 200, "0123456789", undefined],
  [{ range: "bytes=2-4", "if-range": digitsTag }, 206, "234", "bytes 2-4/10"],
  [{ range: "bytes=2-4", "if-range": `W/${digitsTag}` }, 200, "0123456789", undefined],
  [{ range: "bytes=2-4", "if-range": styleTag }, 200, "0123456789", undefined],
  [{ range: "bytes=10-", "if-range": styleTag }, 200, "0123456789", undefined],
  [{ range: "bytes=2-4", "if-range": "Mon, 23 Nov 2026 00:00:00 GMT" }, 200, "0123456789", undefined],
  [{ range: "bytes=2-4", "if-none-match": digitsTag }, 304, "", undefined],
  [{ range: "bytes=2-4", "if-match": styleTag }, 412, "412 Precondition Failed\n", undefined],
];
test.each(ranges)("respond to %p", async (headers, status, text, contentRange) => {
  const answer = await ask(await createAssets(siteOf(files)), "/digits.bin", { headers });
  expect([answer?.status, answer?.text, answer?.fields["content-range"]]).toEqual([
    status,
    text,
    contentRange,
  ]);
});

test("respond to a range of nothing is 416, to nothing itself an empty 200", async () => {
  const assets = await createAssets(siteOf(files));
  const part = await ask(assets, "/empty.txt", { headers: { range: "bytes=0-" } });
  expect([part?.status, part?.fields["content-range"]]).toEqual([416, "bytes */0"]);
  expect(await ask(assets, "/empty.txt")).toMatchObject({ status: 200, text: "" });
});

test("respond to HEAD ignores a range", async () => {
  const answer = await ask(await createAssets(siteOf(files)), "/digits.bin", {
    method: "HEAD",
    headers: { range: "bytes=2-4" },
  });
  expect([answer?.status, answer?.fields["content-length"]]).toEqual([200, "10"]);
});

const all = "gzip, br, zstd";
const conditions: readonly [headers: Record<string, string>, status: number, etag: string | undefined][] = [
  [{ "if-none-match": styleTag }, 304, styleTag],
  [{ "if-none-match": `"x", W/${styleTag}` }, 304, styleTag],
  [{ "if-none-match": "*" }, 304, styleTag],
  [{ "if-none-match": digitsTag }, 200, styleTag],
  [{ "if-none-match": styleTag.replace('"', '"x') }, 200, styleTag],
  [
    { "if-none-match": `${styleTag.slice(0, -1)}-br"`, "accept-encoding": all },
    304,
    `${styleTag.slice(0, -1)}-br"`,
  ],
  [{ "if-none-match": `${styleTag.slice(0, -1)}-br"`, "accept-encoding": "gzip" }, 200, styleTag],
  [{ "if-none-match": `${styleTag.slice(0, -1)}-deflate"`, "accept-encoding": all }, 200, styleTag],
  [{ "if-match": styleTag }, 200, styleTag],
  [{ "if-match": "*" }, 200, styleTag],
  [{ "if-match": `${styleTag.slice(0, -1)}-zstd"` }, 200, styleTag],
  [{ "if-match": `W/${styleTag}` }, 412, undefined],
  [{ "if-match": styleTag, "if-none-match": styleTag }, 304, styleTag],
];
test.each(conditions)("respond before there are variants to %p is %p", async (headers, status, etag) => {
  const answer = await ask(await createAssets(siteOf(files)), "/app.css", { headers });
  expect([answer?.status, answer?.fields.etag]).toEqual([status, etag]);
});

test("respond with 304 has what §15.4.5 asks for and nothing about a body", async () => {
  const answer = await ask(await createAssets(siteOf(files)), "/app.css", {
    headers: { "if-none-match": styleTag },
  });
  expect(answer).toEqual({
    status: 304,
    text: "",
    fields: {
      "cache-control": "no-cache",
      etag: styleTag,
      vary: "Accept-Encoding",
      "x-content-type-options": "nosniff",
    },
  });
});

const codings: readonly [accepted: string, coding: string][] = [
  ["gzip", "gzip"],
  ["br", "br"],
  ["zstd", "zstd"],
  ["gzip;q=0.1, br;q=0.2", "br"],
];
test.each(codings)("respond to Accept-Encoding %p sends %p", async (accepted, coding) => {
  const assets = await assetsWithVariants();
  const request = new Request("http://host/app.css", { headers: { "accept-encoding": accepted } });
  const { headers, status } = (await assets.respond(request, "/app.css")) ?? new Response();
  const found = ["content-encoding", "etag", "vary", "accept-ranges"].map((field) => headers.get(field));
  expect([status, ...found]).toEqual([
    200,
    coding,
    `${styleTag.slice(0, -1)}-${coding}"`,
    "Accept-Encoding",
    null,
  ]);
});

test("respond sends identity, and ranges of it, to who wants that", async () => {
  const assets = await assetsWithVariants();
  const identity = await ask(assets, "/app.css", { headers: { "accept-encoding": "deflate" } });
  expect([identity?.text, identity?.fields["content-encoding"], identity?.fields.etag]).toEqual([
    styles,
    undefined,
    styleTag,
  ]);
  const headers = { "accept-encoding": all, range: "bytes=0-3" };
  expect(await ask(assets, "/app.css", { headers })).toMatchObject({ status: 206, text: "a { " });
  const coded = await ask(assets, "/app.css", {
    headers: { range: "bytes=0-3", "accept-encoding": "br, *;q=0" },
  });
  expect([coded?.status, coded?.fields["content-encoding"]]).toEqual([200, "br"]);
});

test("respond is 406 where no form is acceptable, and only while there is none", async () => {
  const asked = { headers: { "accept-encoding": "gzip, *;q=0" } };
  const assets = await createAssets(siteOf(files));
  expect(await ask(assets, "/app.css", asked)).toMatchObject({
    status: 406,
    fields: { vary: "Accept-Encoding" },
  });
  await assets.makeVariants();
  expect((await ask(assets, "/app.css", asked))?.fields["content-encoding"]).toBe("gzip");
});

test("createAssets takes over the variants of the release before", async () => {
  const asked = { headers: { "accept-encoding": "gzip" } };
  const before = await assetsWithVariants();
  const after = await createAssets(siteOf([...files, memoryFile("public/new.css", `${styles}b {}`)]), {
    previous: before,
  });
  before[Symbol.dispose]();
  expect((await ask(after, "/app.css", asked))?.fields["content-encoding"]).toBe("gzip");
  expect((await ask(after, "/new.css", asked))?.fields["content-encoding"]).toBeUndefined();
  expect(await ask(before, "/app.css", asked)).toMatchObject({ status: 200, text: styles });
});

test("respond answers an unknown path with 404.html, which is an ordinary page at its own address", async () => {
  const assets = await createAssets(siteOf(files));
  const headers = { "if-none-match": "*", range: "bytes=0-1" };
  expect(await ask(assets, "/nope/x.js", { headers })).toEqual({
    status: 404,
    text: "<h1>lost</h1>",
    fields: {
      "cache-control": "no-cache",
      "content-type": "text/html; charset=utf-8",
      "x-content-type-options": "nosniff",
    },
  });
  expect(await ask(assets, "/nope", { method: "HEAD" })).toMatchObject({
    status: 404,
    text: "",
    fields: { "content-length": "13" },
  });
  expect(await ask(assets, "/404")).toMatchObject({ status: 200, text: "<h1>lost</h1>" });
});

const spa: readonly [path: string, accept: string | undefined, status: number][] = [
  ["/users/7", "text/html,application/xhtml+xml,*/*;q=0.8", 200],
  ["/users/7", "*/*", 200],
  ["/users/7", undefined, 200],
  ["/users/john.doe", "Text/HTML", 200],
  ["/old.js", "*/*", 404],
  ["/old.png", "image/avif,image/webp,*/*;q=0.8", 404],
  ["/api/list", "application/json", 404],
  ["/users/7", "text/html;q=0", 404],
];
test.each(spa)("respond with spa to %p, Accept %p, is %p", async (path, accept, status) => {
  const assets = await createAssets(siteOf(files, { spa: true }));
  const answer = await ask(assets, path, accept === undefined ? {} : { headers: { accept } });
  const page = status === 200 ? "<h1>home</h1>" : "<h1>lost</h1>";
  expect([answer?.status, answer?.text, answer?.fields.vary]).toEqual([
    status,
    page,
    status === 200 ? "Accept" : undefined,
  ]);
});

test("respond obeys cache and headers, also in 304, and adds to the Vary of a site", async () => {
  const assets = await createAssets(
    siteOf(files, {
      cache: { "*.css": "max-age=60" },
      headers: { "**": { "x-frame-options": "DENY", vary: "Origin", "content-type": "text/x-own" } },
    }),
  );
  const own = { "cache-control": "max-age=60", "x-frame-options": "DENY", vary: "Origin, Accept-Encoding" };
  const whole = await ask(assets, "/app.css");
  expect(whole?.fields).toMatchObject({ ...own, "content-type": "text/x-own" });
  expect((await ask(assets, "/app.css", { headers: { "if-none-match": styleTag } }))?.fields).toMatchObject(
    own,
  );
});

const directory = mkdtempSync(join(tmpdir(), "emend-assets-"));
afterAll(() => rmSync(directory, { recursive: true }));

test("respond does not send a file that changed on disk: 503, one warning, and no name in the answer", async () => {
  const onDisk = join(directory, "page.html");
  const file = async (text: string): Promise<SiteFile> => {
    await Bun.write(onDisk, text);
    return diskFile("public/page.html", onDisk, sha256Hex(text));
  };
  const warnings: string[] = [];
  const assets = await createAssets(siteOf([await file("one")]), {
    warn: (message) => void warnings.push(message),
  });
  await Bun.write(onDisk, "two");
  for (const path of ["/page", "/page.html"]) {
    expect(await ask(assets, path)).toMatchObject({ status: 503, text: "503 Service Unavailable\n" });
  }
  expect(warnings).toEqual([expect.stringContaining("public/page.html: changed on disk")]);
});

test("respond falls back to the caller's 404 where 404.html cannot be sent", async () => {
  const gone = { ...diskFile("public/404.html", import.meta.path, "0".repeat(64)) };
  expect(await ask(await createAssets(siteOf([gone])), "/nope")).toBeUndefined();
});
