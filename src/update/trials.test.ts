/** Releases that answer for real and are judged meanwhile: the watch after a commit, and canaries. Time is the test's. */
import { describe, expect, test } from "bun:test";
import { kitGuest } from "../../test/support/guests.ts";
import { waitFor } from "../../test/support/serve-sites.ts";
import { TestClock } from "../../test/support/test-clock.ts";
import {
  type Files,
  publish,
  startUpdateNode,
  temporaryState,
  type UpdateNode,
} from "../../test/support/update-node.ts";
import { defaultNodeSite } from "../config/defaults.ts";

const { canary: canaryDefaults } = defaultNodeSite();
const toml = `
[[route]]
path = "/api"
module = "api.wasm"
breaker = { failures = 1000000, min_requests = 1000000 }
`;
const good: Files = { "site.toml": toml, "api.wasm": kitGuest("c-hello"), "public/v.txt": "good" };
const bad: Files = { "site.toml": toml, "api.wasm": kitGuest("c-trap"), "public/v.txt": "bad" };
const better: Files = { "site.toml": toml, "api.wasm": kitGuest("zig-hello"), "public/v.txt": "better" };
const probed: Files = { ...bad, "site.toml": `${toml}probe = { path = "/api" }\n` };

const watch = { windowMs: 60_000, requestsMin: 20, errorRateAbove: 0.01 };
const canary = { ...canaryDefaults, percent: 50, requestsMin: 20, clientsMin: 1, errorRateAbove: 0.01 };

async function ask(node: UpdateNode, times: number): Promise<void> {
  for (let done = 0; done < times; done += 20) {
    await Promise.all(Array.from({ length: Math.min(20, times - done) }, () => node.get("/api")));
  }
}

const version = async (node: UpdateNode): Promise<string> => (await node.get("/v.txt")).text;
const events = async (node: UpdateNode): Promise<string[]> => {
  const { body } = await node.admin("GET", "/v1/audit?limit=20");
  return body.entries.map(
    ({ actor, action, verdict }: Record<string, string>) => `${actor} ${action} ${verdict}`,
  );
};

describe("the watch after a commit", () => {
  test("brings the release before back when the new one fails, remembers it as bad, and takes it only on insistence", async () => {
    using state = temporaryState();
    const clock = new TestClock();
    await using node = await startUpdateNode({
      sites: { default: good },
      dir: state.dir,
      clock,
      site: { watch },
    });
    const first = await node.push(await publish(good, bad));
    expect(first.body.status).toBe("applied");
    expect(await node.status()).toMatchObject({ watch: { release: first.body.to, before: first.body.from } });
    await ask(node, 40);
    await waitFor("a rollback", async () => (await version(node)) === "good");
    const status = await node.status();
    expect(status).toMatchObject({ release: first.body.from, watch: null, generation: 2, sequence: 0 });
    expect(status.releases.find((each: { release: string }) => each.release === first.body.to).bad).toBe(
      true,
    );
    expect(await events(node)).toContain("node rollback ok");

    expect(await node.push(await publish(good, bad))).toMatchObject({
      body: { error: { code: "release.bad" } },
    });
    expect(await node.push(await publish(good, bad), "?insist=1")).toMatchObject({
      body: { status: "applied" },
    });
    await node.stop();
    await using again = await startUpdateNode({ sites: { default: good }, dir: state.dir, site: { watch } });
    expect(await version(again)).toBe("bad");
  });

  test("ends with its window: then what fails stays, and the release before is let go of", async () => {
    const clock = new TestClock();
    await using node = await startUpdateNode({ sites: { default: good }, clock, site: { watch } });
    await node.push(await publish(good, bad));
    await clock.advance(60_000);
    expect(await node.status()).toMatchObject({ watch: null });
    await ask(node, 40);
    expect(await version(node)).toBe("bad");
  });

  test("does not blame a release for what the one before did as well", async () => {
    const clock = new TestClock();
    await using node = await startUpdateNode({ sites: { default: bad }, clock, site: { watch } });
    await ask(node, 40);
    await node.push(await publish(bad, { ...bad, "public/v.txt": "as bad" }));
    await ask(node, 40);
    await Bun.sleep(20);
    expect(await version(node)).toBe("as bad");
  });

  test("ends with the next commit, which is watched then", async () => {
    const clock = new TestClock();
    await using node = await startUpdateNode({ sites: { default: good }, clock, site: { watch } });
    await node.push(await publish(good, better));
    const second = await node.push(await publish(better, bad));
    expect(await node.status()).toMatchObject({
      watch: { release: second.body.to, before: second.body.from },
    });
    await ask(node, 40);
    await waitFor("a rollback", async () => (await version(node)) === "better");
  });
});

describe("a canary", () => {
  test("answers a part, is promoted after its window, and is watched then", async () => {
    const clock = new TestClock();
    const own = { ...canary, percent: 100 };
    await using node = await startUpdateNode({
      sites: { default: good },
      clock,
      site: { watch, canary: own },
    });
    const pushed = await node.push(await publish(good, better), "?canary");
    expect(pushed).toMatchObject({
      http: 200,
      body: { status: "canary", canary: { state: "running", percent: 100 } },
    });
    expect(await version(node)).toBe("better");
    expect(await node.push(await publish(good, bad))).toMatchObject({
      http: 409,
      body: { error: { code: "busy" } },
    });
    expect(await node.status()).toMatchObject({ release: pushed.body.from, canary: { state: "running" } });
    await ask(node, 40);
    await clock.advance(60_000);
    await waitFor("the verdict", async () => (await node.status()).release === pushed.body.to);
    expect(await node.status()).toMatchObject({
      canary: { state: "promoted" },
      watch: { before: pushed.body.from },
    });
    expect(await events(node)).toContain("node canary.promote ok");
  });

  test("is aborted as soon as it fails more than what runs, and its release is bad", async () => {
    const told: unknown[] = [];
    await using hook = Bun.serve({
      port: 0,
      fetch: async (request) => {
        told.push(await request.json());
        return new Response();
      },
    });
    const clock = new TestClock();
    const own = { ...canary, percent: 100, webhook: hook.url.href };
    await using node = await startUpdateNode({
      sites: { default: good },
      clock,
      site: { watch, canary: own },
    });
    const pushed = await node.push(await publish(good, bad), "?canary");
    await ask(node, 40);
    await waitFor("the verdict", async () => (await node.status()).canary.state === "aborted");
    expect(await version(node)).toBe("good");
    expect(await node.push(await publish(good, bad))).toMatchObject({
      body: { error: { code: "release.bad" } },
    });
    await waitFor("the webhook", () => told.length > 0);
    expect(told).toEqual([
      {
        ...{ site: "default", event: "canary-aborted", release: pushed.body.to, running: pushed.body.from },
        reason: expect.stringContaining("100.00 % of"),
        text: expect.stringContaining("aborted"),
      },
    ]);
  });

  test("goes when too few came for a verdict, however long it waited", async () => {
    const clock = new TestClock();
    await using node = await startUpdateNode({ sites: { default: good }, clock, site: { watch, canary } });
    await node.push(await publish(good, better), "?canary=50");
    await clock.advance(9 * 60_000);
    expect(await node.status()).toMatchObject({ canary: { state: "running" } });
    await clock.advance(60_000);
    await waitFor("the verdict", async () => (await node.status()).canary.state === "aborted");
  });

  test.each([
    ["promote", "better", "promoted"],
    ["abort", "good", "aborted"],
  ])("obeys the operator's %s", async (verdict, runs, state) => {
    await using node = await startUpdateNode({ sites: { default: good }, site: { watch, canary } });
    const path = `/v1/sites/default/canary/${verdict}`;
    expect(await node.admin("POST", path)).toMatchObject({
      http: 409,
      body: { error: { code: "canary.none" } },
    });
    await node.push(await publish(good, better), "?canary=1");
    expect(await node.admin("POST", path)).toMatchObject({ http: 200, body: { state } });
    expect(await version(node)).toBe(runs);
    expect(await node.push(await publish(runs === "good" ? good : better, bad))).toMatchObject({ http: 200 });
  });

  test("that fails its probe before it begins is refused", async () => {
    await using node = await startUpdateNode({ sites: { default: good }, site: { watch, canary } });
    expect(await node.push(await publish(good, probed), "?canary")).toMatchObject({
      body: { error: { code: "probe.failed" } },
    });
    expect(await node.status()).toMatchObject({ canary: null, busy: false });
  });

  test("goes on after a restart in its midst, and so does its verdict", async () => {
    using state = temporaryState();
    const own = { ...canary, percent: 100 };
    await using node = await startUpdateNode({
      sites: { default: good },
      dir: state.dir,
      site: { watch, canary: own },
    });
    const pushed = await node.push(await publish(good, better), "?canary");
    await node.stop();
    const clock = new TestClock();
    await using again = await startUpdateNode({
      sites: { default: good },
      dir: state.dir,
      clock,
      site: { watch, canary: own },
    });
    await waitFor("the canary", async () => (await again.status()).canary?.state === "running");
    expect(await again.status()).toMatchObject({ release: pushed.body.from, sequence: 0 });
    expect(await version(again)).toBe("better");
    await ask(again, 40);
    await clock.advance(60_000);
    await waitFor("the verdict", async () => (await again.status()).release === pushed.body.to);
    await again.stop();
    await using third = await startUpdateNode({
      sites: { default: good },
      dir: state.dir,
      site: { watch, canary: own },
    });
    expect([await version(third), (await third.status()).canary]).toEqual(["better", null]);
  });
});
