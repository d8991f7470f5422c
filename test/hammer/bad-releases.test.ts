/**
 * Releases that trap, loop, break off or fail their probe, pushed to a node's own process while clients ask: they are
 * refused before anybody sees them, rolled back from, or tried on a few and taken away, and everything else of the site
 * answers throughout.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isExecutableBuilt, type NodeProcess, startNode, testToken } from "../support/executable.ts";
import { kitGuest, ownGuest } from "../support/guests.ts";
import { waitFor } from "../support/serve-sites.ts";
import { keys } from "../support/signed-patches.ts";
import { type Files, publish, releaseOf } from "../support/update-node.ts";

const isBuilt = isExecutableBuilt(import.meta.path);

/** What `/api` may do wrong, and what a probe says about it. */
const evils: Readonly<Record<string, { readonly module: Uint8Array; readonly probe: string }>> = {
  "traps at once": { module: kitGuest("c-trap"), probe: "got 502 (the guest trapped" },
  "loops for ever": { module: kitGuest("c-spin"), probe: "got 504 (over cpu_ms" },
  "recurses for ever": { module: kitGuest("c-recursion"), probe: "got 502 (" },
  "traps in the middle of its body": {
    module: await ownGuest("late-trap"),
    probe: "got a body that broke off",
  },
  "ends with an exit code and no answer": { module: kitGuest("c-exit"), probe: "got 502 (" },
};

/** A site whose other route and assets never change. */
function site(api: Uint8Array, name: string, probe = ""): Files {
  const route = (path: string, module: string, more: string): string =>
    `[[route]]\npath = "${path}"\nmodule = "${module}"\n${more}\n`;
  return {
    "api.wasm": api,
    "other.wasm": kitGuest("c-hello"),
    "public/release.txt": name,
    "public/page.html": "<p>the same in all of them",
    "site.toml":
      route("/api", "api.wasm", `cpu_ms = 50\ntimeout_ms = 5000\n${probe}`) +
      // Behind 20 that loop, on a machine with other work.
      route("/other", "other.wasm", "timeout_ms = 20000"),
  };
}

const good = site(kitGuest("c-hello"), "good");
const digestOf = (files: Files): string => releaseOf(files).digest;

/** What the operator's endpoint was told. */
const told: { text: string; event: string; release: string; running: string }[] = [];
let webhook: ReturnType<typeof Bun.serve>;
let scratch = "";
let node: NodeProcess;

beforeAll(async () => {
  if (!isBuilt) return;
  webhook = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      told.push((await request.json()) as (typeof told)[number]);
      return new Response();
    },
  });
  scratch = mkdtempSync(join(tmpdir(), "emend-bad-"));
  for (const [path, data] of Object.entries(good)) {
    mkdirSync(dirname(join(scratch, "site", path)), { recursive: true });
    writeFileSync(join(scratch, "site", path), data);
  }
  writeFileSync(
    join(scratch, "emend.toml"),
    `[server]\ntrusted_proxies = ["127.0.0.1"]\n` +
      `[[site]]\nname = "default"\nhosts = ["*"]\ndir = "site"\nkeys = ["${keys.alice.publicKey.text}"]\n` +
      `watch = { window_s = 60, min_requests = 30 }\n` +
      `[site.canary]\nwindow_s = 60\nmin_requests = 40\nmin_clients = 5\nwebhook = "${webhook.url}told"\n`,
  );
  node = await startNode(["--config", join(scratch, "emend.toml"), "--state", join(scratch, "state")]);
});
afterAll(async () => {
  if (!isBuilt) return;
  await node.stop("SIGKILL");
  await webhook.stop(true);
  rmSync(scratch, { recursive: true });
});

interface Answer {
  readonly http: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they want of it
  readonly body: any;
}

async function call(method: string, path: string, body?: Blob): Promise<Answer> {
  const response = await fetch(`${node.ready.admin}${path}`, {
    method,
    headers: { authorization: `Bearer ${testToken}` },
    ...(body === undefined ? {} : { body }),
  });
  return { http: response.status, body: await response.json() };
}

const push = async (from: Files, to: Files, query = ""): Promise<Answer> =>
  call("POST", `/v1/sites/default/patches${query}`, new Blob([new Uint8Array(await publish(from, to))]));

// biome-ignore lint/suspicious/noExplicitAny: tests look at what they want of it
const status = async (): Promise<any> => (await call("GET", "/v1/status")).body.sites[0];

/** Clients of many networks that ask all the time, and what they may find fault with. */
function clients(): AsyncDisposable & { readonly faults: string[]; readonly apiStatus: Map<number, number> } {
  const faults: string[] = [];
  const apiStatus = new Map<number, number>();
  let isOver = false;
  const each = Array.from({ length: 20 }, async (_, i) => {
    for (let turn = 0; !isOver; turn++) {
      // So many networks that a half of them never falls short of min_clients.
      const headers = { "x-forwarded-for": `10.${turn % 5}.${i}.1` };
      for (const path of ["/other", "/page", "/release.txt", "/api"]) {
        try {
          const response = await fetch(`${node.url}${path}`, { headers });
          await response.text();
          if (path === "/api") apiStatus.set(response.status, (apiStatus.get(response.status) ?? 0) + 1);
          else if (response.status !== 200) faults.push(`${path}: ${response.status}`);
        } catch (error) {
          if (path !== "/api") faults.push(`${path}: ${error}`);
        }
      }
      await Bun.sleep(5);
    }
  });
  return {
    faults,
    apiStatus,
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      await Promise.all(each);
    },
  };
}

const isGoodAgain = async (): Promise<void> => {
  const { release, canary } = await status();
  expect([release, canary?.state === "running"]).toEqual([digestOf(good), false]);
  expect((await fetch(`${node.url}/api`)).status).toBe(200);
  expect(await (await fetch(`${node.url}/release.txt`)).text()).toBe("good");
};

describe.skipIf(!isBuilt).each(Object.entries(evils))("a release that %s", (what, { module, probe }) => {
  test("is refused by its probe, and nobody sees it", async () => {
    await using asking = clients();
    const refused = await push(good, site(module, what, 'probe = { path = "/api?0&n=100000&ms=1" }'));
    expect(refused).toMatchObject({
      http: 422,
      body: { error: { code: "probe.failed", message: expect.stringContaining(probe) } },
    });
    await isGoodAgain();
    expect([...asking.apiStatus.keys()]).toEqual([200]);
    expect(asking.faults).toEqual([]);
  });

  test("is rolled back from when it fails, and all else answers meanwhile", async () => {
    const bad = site(module, `${what}, watched`);
    await using asking = clients();
    const before = told.length;
    expect(await push(good, bad)).toMatchObject({ http: 200, body: { status: "applied" } });
    await waitFor("the rollback", async () => (await status()).release === digestOf(good));
    await isGoodAgain();
    expect(asking.faults).toEqual([]);
    await waitFor("the webhook", () => told.length > before);
    expect(told.at(-1)).toMatchObject({
      event: "rolled-back",
      release: digestOf(bad),
      running: digestOf(good),
      text: expect.stringContaining("requests failed"),
    });
    expect((await push(good, bad)).body.error).toMatchObject({ code: "release.bad" });
  });

  test("is taken away from the clients that it was tried on, which get the good one", async () => {
    const bad = site(module, `${what}, on trial`);
    await using asking = clients();
    const before = told.length;
    expect(await push(good, bad, "?canary=50")).toMatchObject({ http: 200, body: { status: "canary" } });
    await waitFor("the verdict", async () => (await status()).canary?.state === "aborted");
    await isGoodAgain();
    expect(asking.faults).toEqual([]);
    await waitFor("the webhook", () => told.length > before);
    expect(told.at(-1)).toMatchObject({
      event: "canary-aborted",
      release: digestOf(bad),
      running: digestOf(good),
    });
  });
});
