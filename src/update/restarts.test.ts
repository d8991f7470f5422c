/** What a node serves when it starts again, whatever became of its state directory meanwhile. */
import { describe, expect, test } from "bun:test";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kitGuest } from "../../test/support/guests.ts";
import { waitFor } from "../../test/support/serve-sites.ts";
import {
  type Files,
  publish,
  releaseOf,
  startUpdateNode,
  temporaryState,
  type UpdateNode,
} from "../../test/support/update-node.ts";
import { sha256Hex } from "../bytes/index.ts";
import { type Base, openStore } from "../store/index.ts";
import { openEnvelope } from "../trust/index.ts";

const one: Files = {
  "public/v.txt": "one",
  "hello.wasm": kitGuest("c-hello"),
  "public/same.css": "x".repeat(300),
};
const two: Files = { ...one, "public/v.txt": "two", "public/new.js": "let a = 1;".repeat(100) };
const three: Files = { ...two, "public/v.txt": "three", "public/new.js": "let a = 2;".repeat(100) };
const version = async (node: UpdateNode): Promise<string> => (await node.get("/v.txt")).text;
const problems = async (node: UpdateNode): Promise<string[]> =>
  (await node.records()).flatMap(({ event, message }) => (event === "problem" ? [String(message)] : []));

/** A state directory in which `one` was updated to `two` and `three`. */
async function updated(keep = 5): Promise<ReturnType<typeof temporaryState>> {
  const state = temporaryState();
  await using node = await startUpdateNode({
    sites: { default: one },
    dir: state.dir,
    site: { keepReleases: keep },
  });
  for (const [from, to] of [
    [one, two],
    [two, three],
  ] as const) {
    const { body } = await node.push(await publish(from, to));
    if (body.status !== "applied") throw new Error(JSON.stringify(body));
  }
  return state;
}

function listed(files: Files): Base {
  const release = releaseOf(files);
  return {
    digest: release.digest,
    files: [...release.files.values()].map(({ path, size, sha256 }) => ({ path, size, sha256 })),
  };
}

describe("a node that starts again", () => {
  test("serves what ran, all of it, tells its sequence in the ready line, and takes the next patch", async () => {
    using state = await updated();
    await using node = await startUpdateNode({ sites: { default: one }, dir: state.dir });
    expect(await version(node)).toBe("three");
    expect((await node.get("/new.js")).text).toBe("let a = 2;".repeat(100));
    expect((await node.get("/same.css")).http).toBe(200);
    expect((await node.get("/hello")).http).toBe(200);
    const { release, sequence, floor, releases } = await node.status();
    const [ready] = await node.records();
    expect(ready).toMatchObject({ event: "listening", sites: [{ site: "default", release, sequence }] });
    expect([floor, releases.length]).toEqual([sequence, 3]);
    expect((await node.push(await publish(three, one))).body.status).toBe("applied");
  });

  test("can go back to each release that it keeps", async () => {
    using state = await updated();
    await using node = await startUpdateNode({ sites: { default: one }, dir: state.dir });
    expect((await node.admin("POST", "/v1/sites/default/rollback", "{}")).http).toBe(200);
    expect([await version(node), (await node.get("/new.js")).text]).toEqual([
      "two",
      "let a = 1;".repeat(100),
    ]);
    expect((await node.admin("POST", "/v1/sites/default/rollback", "{}")).http).toBe(200);
    expect(await version(node)).toBe("one");
    await node.stop();
    await using again = await startUpdateNode({ sites: { default: one }, dir: state.dir });
    expect([await version(again), (await again.status()).sequence]).toEqual(["one", 0]);
  });

  test("with another base serves that, says so, keeps its floor and takes patches over it", async () => {
    using state = await updated();
    const other: Files = { "public/v.txt": "other" };
    const replay = await publish(one, two, { sequence: 5 });
    await using node = await startUpdateNode({ sites: { default: other }, dir: state.dir });
    expect([await version(node), (await node.status()).sequence]).toEqual(["other", 0]);
    expect((await problems(node)).join()).toContain("another site than before");
    expect(await node.push(replay)).toMatchObject({ body: { error: { code: "patch.sequence" } } });
    expect((await node.push(await publish(other, { "public/v.txt": "another" }))).body.status).toBe(
      "applied",
    );
  });

  test("whose contents did not get into the store makes them again out of the patches, and keeps them then", async () => {
    using state = temporaryState();
    using store = openStore(state.dir);
    const site = store.site("default");
    site.begin(listed(one));
    const steps = [
      [one, two],
      [two, three],
    ] as const;
    for (const [at, [from, to]] of steps.entries()) {
      const patch = await publish(from, to, { sequence: 100 + at });
      const { manifest } = openEnvelope(patch);
      const times = { createdMs: 0, committedMs: 0 };
      site.commit({
        release: { ...listed(to), ...times, sequence: 100 + at, label: null },
        manifestDigest: sha256Hex(manifest),
        ...{ patch, keep: 5 },
      });
    }
    store[Symbol.dispose]();
    for (let round = 0; round < 2; round++) {
      await using node = await startUpdateNode({ sites: { default: one }, dir: state.dir });
      expect([await version(node), (await node.get("/new.js")).text]).toEqual([
        "three",
        "let a = 2;".repeat(100),
      ]);
      expect(await problems(node)).toEqual([]);
      await node.stop();
      using after = openStore(state.dir);
      after.site("default").begin(listed(one));
      expect(after.site("default").pendingPatches()).toEqual([]);
    }
  });

  test.each([
    ["cut short", "short"],
    ["flipped", "let a = 3;".repeat(100)],
  ])("never serves a content that is %s on its disk, and gives its release up", async (_name, bytes) => {
    using state = await updated();
    writeFileSync(join(state.dir, "blobs", sha256Hex(String(three["public/new.js"]))), bytes);
    await using node = await startUpdateNode({ sites: { default: one }, dir: state.dir });
    const whole = "let a = 1;".repeat(100);
    const first = await node.get("/new.js");
    // It is found at start, when it is asked for, or a moment later.
    expect(first.http === 200 ? first.text : "nothing").toBe(first.http === 200 ? whole : "nothing");
    await waitFor("the release before", async () => (await node.get("/new.js")).text === whole);
    expect((await node.push(await publish(two, three), "?insist=1")).body.status).toBe("applied");
    expect((await node.get("/new.js")).text).toBe("let a = 2;".repeat(100));
    await node.stop();
    await using again = await startUpdateNode({ sites: { default: one }, dir: state.dir });
    expect((await again.get("/new.js")).text).toBe("let a = 2;".repeat(100));
  });

  const harms: readonly [name: string, harm: (dir: string) => void][] = [
    ["all of its contents", (dir) => rmSync(join(dir, "blobs"), { recursive: true, force: true })],
    ["its journal", (dir) => rmSync(join(dir, "journal.db"))],
    [
      "its journal and what is written beside it",
      (dir) => {
        for (const name of readdirSync(dir)) if (name.startsWith("journal")) rmSync(join(dir, name));
      },
    ],
    ["the sense of its journal", (dir) => writeFileSync(join(dir, "journal.db"), "noise".repeat(1000))],
    [
      "all but its id",
      (dir) => {
        for (const name of readdirSync(dir))
          if (name !== "node-id") rmSync(join(dir, name), { recursive: true });
      },
    ],
  ];
  test.each(harms)("after it lost %s serves a whole release and takes a whole one", async (_name, harm) => {
    using state = await updated();
    harm(state.dir);
    await using node = await startUpdateNode({ sites: { default: one }, dir: state.dir });
    const now = await version(node);
    expect(["one", "two", "three"]).toContain(now);
    expect((await node.get("/new.js")).http).toBe(now === "one" ? 404 : 200);
    const sequence = 2_100_000_000;
    expect((await node.push(await publish(null, two, { sequence }))).body).toMatchObject({
      status: "applied",
    });
    expect(await version(node)).toBe("two");
  });

  test("lets no second node into its state directory", async () => {
    using state = await updated();
    await using _node = await startUpdateNode({ sites: { default: one }, dir: state.dir });
    await expect(startUpdateNode({ sites: { default: one }, dir: state.dir })).rejects.toMatchObject({
      code: "io",
    });
  });

  test("that never was updated leaves a directory alone that another one uses by now", async () => {
    using state = temporaryState();
    await using first = await startUpdateNode({ sites: { default: one }, dir: state.dir });
    await using second = await startUpdateNode({ sites: { default: one }, dir: state.dir });
    expect((await first.push(await publish(one, two))).body.status).toBe("applied");
    expect((await second.push(await publish(one, three))).http).toBeGreaterThanOrEqual(400);
    await first.stop();
    expect(await second.push(await publish(one, three))).toMatchObject({
      body: { error: { code: "store.failed" } },
    });
    expect(await version(second)).toBe("one");
  });

  test("keeps as many releases as it is told, and no contents of others", async () => {
    using state = temporaryState();
    await using node = await startUpdateNode({
      sites: { default: one },
      dir: state.dir,
      site: { keepReleases: 2 },
    });
    let from: Files = one;
    for (let at = 0; at < 6; at++) {
      const to = { ...one, "public/new.js": `let a = ${at};`.repeat(100) };
      expect((await node.push(await publish(from, to))).http).toBe(200);
      from = to;
    }
    await node.stop();
    await using again = await startUpdateNode({
      sites: { default: one },
      dir: state.dir,
      site: { keepReleases: 2 },
    });
    const { releases } = await again.status();
    expect(releases.length).toBe(3);
    expect((await again.get("/new.js")).text).toBe("let a = 5;".repeat(100));
  });
});
