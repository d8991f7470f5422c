/** `emend serve` without a site: the ready line, the embedded site with its handlers, and the admin listener. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parse } from "valibot";
import { nodeStatusSchema } from "../../src/admin/index.ts";
import { sha256Hex } from "../../src/bytes/index.ts";
import { version } from "../../src/version.ts";
import {
  createScratch,
  isExecutableBuilt,
  type NodeProcess,
  runCommand,
  startNode,
  testToken,
} from "../support/executable.ts";
import { rawRequest, valuesOf } from "../support/raw-connection.ts";

const isBuilt = isExecutableBuilt(import.meta.path);
const assets = join(import.meta.dir, "../../assets");

/** release-and-patch.md, Identity, from the files themselves: nothing of emend's own code is asked. */
function digestOfAssets(): string {
  const entering = ["site.toml", "*.wasm", "public/**"];
  const paths = entering.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync(assets)]);
  const bytewise = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
  const lines = paths.sort(bytewise).map((path) => {
    const bytes = readFileSync(join(assets, path));
    return `${sha256Hex(bytes)} ${bytes.length} ${path}\n`;
  });
  return `sha256:${sha256Hex(Buffer.from(lines.join("")))}`;
}

describe.skipIf(!isBuilt)("emend serve, the embedded site", () => {
  let node: NodeProcess;
  beforeAll(async () => {
    node = await startNode(["--ephemeral"]);
  });
  afterAll(async () => {
    expect(await node.stop()).toBe(0);
    expect(node.stderr()).toBe("");
  });

  test("prints one ready line of the promised form first", () => {
    const { ready } = node;
    expect(Object.keys(ready)).toEqual(["event", "addr", "admin", "node", "sites", "startMs"]);
    expect(ready).toEqual({
      event: "listening",
      addr: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      admin: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      node: expect.stringMatching(/^[0-9a-f]{32}$/),
      sites: [{ site: "default", release: digestOfAssets(), sequence: 0 }],
      startMs: expect.any(Number),
    });
    expect(new URL(ready.addr).port).not.toBe(new URL(ready.admin!).port);
    expect(ready.startMs).toBeGreaterThan(0);
  });

  test("answers with the landing page of assets/, named by its release", async () => {
    const response = await fetch(`${node.url}/`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("x-emend-release")).toBe(digestOfAssets().slice(7, 19));
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(await response.text()).toBe(readFileSync(join(assets, "public/index.html"), "utf8"));
    const missing = await fetch(`${node.url}/no/such/page`);
    expect(missing.status).toBe(404);
    expect(await missing.text()).toBe(readFileSync(join(assets, "public/404.html"), "utf8"));
  });

  test("/hello has seen one request, whoever asks and however often", async () => {
    for (let i = 0; i < 20; i++) {
      const response = await fetch(`${node.url}/hello?name=A%20%22b%22`, {
        headers: { accept: "application/json" },
      });
      expect(response.headers.get("x-emend-release")).toBe(digestOfAssets().slice(7, 19));
      expect(await response.json()).toEqual({ hello: 'A "b"', requestsSeen: 1 });
    }
    const refused = await fetch(`${node.url}/hello`, { method: "DELETE" });
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  test("/stream sends each event when it happens", async () => {
    const [count, pauseMs] = [5, 60];
    const response = await fetch(`${node.url}/stream?n=${count}&ms=${pauseMs}`);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const arrivals: number[] = [];
    let text = "";
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const seen = text.match(/"tick":/g)?.length ?? 0;
      while (arrivals.length < seen) arrivals.push(performance.now());
    }
    expect(arrivals).toHaveLength(count);
    expect(text).toEndWith("event: end\ndata: {}\n\n");
    // A body that was held back would have arrived in one piece, with nothing between first and last.
    expect(arrivals.at(-1)! - arrivals[0]!).toBeGreaterThan((count - 1) * pauseMs * 0.5);
  });

  test("/echo gives back a body byte for byte, with and without a length", async () => {
    const body = new Uint8Array(3_000_000).map((_, i) => (i * 31 + (i >> 8)) & 0xff);
    const chunked = new ReadableStream({
      start(controller) {
        for (let at = 0; at < body.length; at += 100_000) controller.enqueue(body.subarray(at, at + 100_000));
        controller.close();
      },
    });
    for (const sent of [body, chunked]) {
      const response = await fetch(`${node.url}/echo`, { method: "POST", body: sent });
      expect(response.status).toBe(200);
      expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true);
    }
    const told = await (await fetch(`${node.url}/echo/any/path?q=1`)).text();
    expect(told).toContain("PATH_INFO=/any/path\n");
    expect(told).toContain("QUERY_STRING=q=1\n");
    // What the node was started with is not the guest's business.
    expect(told).not.toContain("EMEND_TOKEN");
  });

  test("/seal draws equal emblems for equal digests and others for others", async () => {
    const draw = async (of: string): Promise<string> => (await fetch(`${node.url}/seal?of=${of}`)).text();
    const [one, again, other] = [
      await draw("07c67f4c11c6"),
      await draw("07c67f4c11c6"),
      await draw("17c67f4c"),
    ];
    expect(one).toStartWith("<svg ");
    expect(again).toBe(one);
    expect(other).not.toBe(one);
  });

  test("logs one line for each request", async () => {
    await fetch(`${node.url}/hello?name=secret`, { headers: { "user-agent": "one line" } });
    await fetch(`${node.url}/style.css`, { headers: { "accept-encoding": "identity" } });
    const guest = await node.record(({ event, route }) => event === "request" && route === "/hello");
    expect(guest).toMatchObject({ site: "default", method: "GET", path: "/hello", status: 200 });
    expect(guest.release).toBe(digestOfAssets().slice(7, 19));
    const asset = await node.record(({ path }) => path === "/style.css");
    expect(asset).toMatchObject({ status: 200, bytes: statSync(join(assets, "public/style.css")).size });
    expect(JSON.stringify(node.records())).not.toContain("secret");
  });

  test("health and readiness need no token, everything else does", async () => {
    for (const path of ["/healthz", "/readyz"]) {
      const response = await node.ask(path, {});
      expect([response.status, await response.text()]).toEqual([200, "ok"]);
    }
    const wrong: [headers: Record<string, string>, status: number, code: string][] = [
      [{}, 401, "auth.token"],
      [{ authorization: `Bearer ${testToken}x` }, 401, "auth.token"],
      [{ authorization: `Basic ${testToken}` }, 401, "auth.token"],
      [{ authorization: `Bearer ${testToken}`, origin: "http://page.test" }, 403, "auth.origin"],
    ];
    for (const [headers, status, code] of wrong) {
      const response = await node.ask("/v1/status", headers);
      expect(response.status).toBe(status);
      expect(await response.json()).toMatchObject({ error: { code } });
    }
    const rebound = await rawRequest(Number(new URL(node.ready.admin!).port), "GET /v1/status", [
      "Host: page.test",
      `Authorization: Bearer ${testToken}`,
    ]);
    expect([rebound?.status, valuesOf(rebound!, "x-emend-release")]).toEqual([403, []]);
    expect(rebound?.body.toString()).toContain("auth.host");
  });

  test("/v1/status says what runs, in the form of its schema", async () => {
    const response = await node.ask("/v1/status");
    expect(response.status).toBe(200);
    const status = parse(nodeStatusSchema, await response.json());
    expect(status.node).toBe(node.ready.node);
    expect(status.version).toBe(version);
    expect(status.sites).toHaveLength(1);
    expect(status.sites[0]).toMatchObject({ site: "default", release: digestOfAssets(), generation: 0 });
    const modules = status.sites[0]?.guests.map(({ module }) => module).sort();
    expect(modules).toEqual(["echo.wasm", "hello.wasm", "seal.wasm", "stream.wasm"]);
  });

  test("the data plane has nothing of the admin API", async () => {
    for (const path of ["/healthz", "/readyz", "/v1/status"]) {
      const response = await fetch(`${node.url}${path}`, {
        headers: { authorization: `Bearer ${testToken}` },
      });
      expect(response.status).toBe(404);
    }
  });
});

describe.skipIf(!isBuilt)("the operator token", () => {
  const asked = async (node: NodeProcess, token: string): Promise<number> =>
    (await node.ask("/v1/status", { authorization: `Bearer ${token}` })).status;

  test("is made at the first start, kept for the owner alone, and printed by emend token", async () => {
    using scratch = createScratch();
    const options = { cwd: scratch.path, env: {} };
    const before = await runCommand(["token", "--state", "state"], options);
    expect([before.exitCode, before.stdout]).toEqual([1, ""]);
    const ids: string[] = [];
    const tokens: string[] = [];
    for (let start = 0; start < 2; start++) {
      await using node = await startNode(["--state", "state"], options);
      const printed = await runCommand(["token", "--state", "state"], options);
      expect([printed.exitCode, printed.stderr]).toEqual([0, ""]);
      expect(await asked(node, printed.stdout.trim())).toBe(200);
      expect(await asked(node, testToken)).toBe(401);
      expect(node.stderr()).toBe("");
      ids.push(node.ready.node);
      tokens.push(printed.stdout);
    }
    expect(new Set(ids).size).toBe(1);
    expect(new Set(tokens).size).toBe(1);
    expect(statSync(join(scratch.path, "state/token")).mode & 0o777).toBe(0o600);
  });

  test("of an ephemeral node is on stderr, once, and nothing is written", async () => {
    using scratch = createScratch();
    await using node = await startNode(["--ephemeral"], { cwd: scratch.path, env: {} });
    const token = /^operator token: (\S+)\n$/.exec(node.stderr())?.[1];
    expect(token).toMatch(/^emend_[\w-]{43}$/);
    expect(await asked(node, token!)).toBe(200);
    expect([...new Bun.Glob("**").scanSync({ cwd: scratch.path, dot: true, onlyFiles: false })]).toEqual([]);
    expect(JSON.stringify(node.records())).not.toContain(token!);
  });

  test("with --admin off there is no listener to use it on", async () => {
    await using node = await startNode(["--ephemeral", "--admin", "off"]);
    expect(node.ready.admin).toBeNull();
    expect((await fetch(`${node.url}/hello`)).status).toBe(200);
  });
});
