/** A node with its updates as a whole: several sites, several publishers at once, its own directory, a thread that dies. */
import { describe, expect, test } from "bun:test";
import { kitGuest } from "../../test/support/guests.ts";
import { keys } from "../../test/support/signed-patches.ts";
import { type Files, publish, startUpdateNode, temporaryState } from "../../test/support/update-node.ts";

const one: Files = { "public/v.txt": "one", "hello.wasm": kitGuest("c-hello") };
const two: Files = { ...one, "public/v.txt": "two" };
const three: Files = { ...one, "public/v.txt": "three" };

/** A body that comes when the test says so. */
function slowUpload(): {
  readonly body: ReadableStream<Uint8Array>;
  send: (bytes: Uint8Array) => void;
  end: () => void;
} {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  return {
    body: readable,
    send: (bytes) => void writer.write(bytes).catch(() => {}),
    end: () => void writer.close().catch(() => {}),
  };
}

describe("two patches at once", () => {
  test("are one that is taken and one that is told busy; which runs is the one that was taken", async () => {
    await using node = await startUpdateNode({ sites: { default: one } });
    const patches = await Promise.all([publish(one, two), publish(one, three)]);
    const answers = await Promise.all(patches.map((patch) => node.push(patch)));
    const codes = answers.map(({ http, body }) => (http === 200 ? body.status : body.error.code)).sort();
    expect(codes).toEqual(["applied", "busy"]);
    const taken = answers.findIndex(({ http }) => http === 200);
    expect((await node.get("/v.txt")).text).toBe(taken === 0 ? "two" : "three");
  });

  test("of which one is slow: a rollback does not wait for it, and the patch is judged again", async () => {
    await using node = await startUpdateNode({ sites: { default: one } });
    const { body } = await node.push(await publish(one, two));
    const strict = await publish(two, three, { strict: true });
    const upload = slowUpload();
    const answer = fetch(new URL("/v1/sites/default/patches", node.running.admin ?? ""), {
      method: "POST",
      headers: { authorization: "Bearer the-token-of-the-tests" },
      body: upload.body,
    });
    upload.send(strict.slice(0, -1));
    await Bun.sleep(50);
    expect((await node.status()).busy).toBe(true);
    expect(await node.push(await publish(two, three))).toMatchObject({
      http: 409,
      body: { error: { code: "busy" } },
    });
    expect((await node.admin("POST", "/v1/sites/default/rollback", "{}")).body.to).toBe(body.from);
    upload.send(strict.slice(-1));
    upload.end();
    expect(await (await answer).json()).toMatchObject({ error: { code: "patch.wrong-base" } });
    expect(await node.status()).toMatchObject({ busy: false, release: body.from });
  });

  test("of which one is refused by its head before its payloads have come", async () => {
    await using node = await startUpdateNode({ sites: { default: one } });
    const big = { "public/big.bin": crypto.getRandomValues(new Uint8Array(60_000)) };
    const patch = await publish(null, big, { signers: [keys.mallory] });
    const upload = slowUpload();
    const answer = fetch(new URL("/v1/sites/default/patches", node.running.admin ?? ""), {
      method: "POST",
      headers: { authorization: "Bearer the-token-of-the-tests" },
      body: upload.body,
    });
    upload.send(patch.slice(0, 2000));
    expect(await (await answer).json()).toMatchObject({ error: { code: "patch.unknown-key" } });
    expect((await node.push(await publish(one, two))).http).toBe(200);
  });
});

describe("several sites", () => {
  test("have each its own release, sequence, keys and events", async () => {
    using state = temporaryState();
    await using node = await startUpdateNode({ sites: { a: one, b: one }, dir: state.dir });
    expect((await node.push(await publish(one, two, { site: "a" }), "", "a")).http).toBe(200);
    expect(await node.push(await publish(one, three, { site: "a" }), "", "b")).toMatchObject({
      body: { error: { code: "patch.wrong-site" } },
    });
    expect([(await node.get("/v.txt", "a")).text, (await node.get("/v.txt", "b")).text]).toEqual([
      "two",
      "one",
    ]);
    const [a, b] = [await node.status("a"), await node.status("b")];
    expect([a.generation, b.generation, b.sequence, b.floor]).toEqual([1, 0, 0, 0]);
    const audits = async (site: string): Promise<string[]> =>
      (await node.admin("GET", `/v1/audit?site=${site}`)).body.entries.map(
        ({ verdict }: { verdict: string }) => verdict,
      );
    expect([await audits("a"), await audits("b")]).toEqual([["ok"], ["patch.wrong-site"]]);
    await Promise.all(
      ["a", "b"].map(async (site) =>
        node.push(await publish(site === "a" ? two : one, three, { site }), "", site),
      ),
    );
    await node.stop();
    await using again = await startUpdateNode({ sites: { a: one, b: one }, dir: state.dir });
    expect([(await again.get("/v.txt", "a")).text, (await again.get("/v.txt", "b")).text]).toEqual([
      "three",
      "three",
    ]);
  });
});

describe("a reload", () => {
  test("serves what the directory holds by now, also where patches were before, and a patch builds on it", async () => {
    using state = temporaryState();
    let files: Files = one;
    await using node = await startUpdateNode({ sites: { default: () => files }, dir: state.dir });
    const { body: before } = await node.push(await publish(one, two));
    files = { ...three, "hello.wasm": kitGuest("zig-hello") };
    const reload = (body: string): ReturnType<typeof node.admin> => node.admin("POST", "/_reload", body);
    expect(await reload('{"module":"no.wasm"}')).toMatchObject({ http: 400 });
    expect(await reload('{"module":"hello.wasm"}')).toMatchObject({
      http: 200,
      body: { status: "reloaded" },
    });
    expect((await node.get("/v.txt")).text).toBe("three");
    expect(await node.status()).toMatchObject({
      sequence: 0,
      floor: before.sequence,
      generation: before.generation + 1,
    });
    expect((await node.push(await publish(files, { ...files, "public/v.txt": "four" }))).http).toBe(200);
    await node.stop();
    await using again = await startUpdateNode({ sites: { default: () => files }, dir: state.dir });
    expect((await again.get("/v.txt")).text).toBe("four");
  });

  test("of what cannot be served changes nothing", async () => {
    let files: Files = one;
    await using node = await startUpdateNode({ sites: { default: () => files } });
    files = { ...one, "hello.wasm": "not wasm" };
    expect(await node.admin("POST", "/_reload", "{}")).toMatchObject({
      http: 422,
      body: { error: { code: "module.invalid" } },
    });
    expect((await node.get("/hello")).http).toBe(200);
    expect((await node.status()).generation).toBe(0);
  });
});

describe("the operator", () => {
  test("lowers a floor that was burnt, which is written down", async () => {
    await using node = await startUpdateNode({ sites: { default: one } });
    await node.push(await publish(one, two, { sequence: Number.MAX_SAFE_INTEGER }));
    const next = await publish(two, three);
    expect(await node.push(next)).toMatchObject({ body: { error: { code: "patch.sequence" } } });
    const lowered = await node.admin("POST", "/v1/sites/default/floor", '{"to":1000}');
    expect(lowered.http).toBe(200);
    expect((await node.push(next)).http).toBe(200);
    const { body } = await node.admin("GET", "/v1/audit");
    expect(body.entries).toContainEqual(
      expect.objectContaining({ action: "floor", verdict: "ok", actor: "operator" }),
    );
  });

  test("reads the files and contents of kept releases, and of no others", async () => {
    await using node = await startUpdateNode({ sites: { default: one } });
    const { body } = await node.push(await publish(one, two));
    for (const [digest, text] of [
      [body.from, "one"],
      [body.to, "two"],
    ]) {
      const list = await node.admin("GET", `/v1/sites/default/releases/${digest}`);
      const file = list.body.files.find(({ path }: { path: string }) => path === "public/v.txt");
      const blob = await fetch(new URL(`/v1/sites/default/blobs/${file.sha256}`, node.running.admin ?? ""), {
        headers: { authorization: "Bearer the-token-of-the-tests" },
      });
      expect(await blob.text()).toBe(text!);
    }
    expect((await node.admin("GET", `/v1/sites/default/releases/sha256:${"0".repeat(64)}`)).http).toBe(409);
    expect((await node.admin("GET", `/v1/sites/default/blobs/${"0".repeat(64)}`)).http).toBe(409);
  });
});
