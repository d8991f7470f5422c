/** Every way in which a patch is refused, each with the name of the attack or mistake; after each the site is as it was. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { kitGuest } from "../../test/support/guests.ts";
import { keys, malloryAs } from "../../test/support/signed-patches.ts";
import { type Files, publish, startUpdateNode, type UpdateNode } from "../../test/support/update-node.ts";
import { contentDigest, sha256Hex } from "../bytes/index.ts";
import { encodeManifest, encodePatch, signManifest } from "../signing/index.ts";
import type { Manifest, ManifestFile } from "../trust/index.ts";

const one: Files = { "public/index.html": "<h1>one</h1>", "hello.wasm": kitGuest("c-hello") };
const two: Files = { ...one, "public/index.html": "<h1>two</h1>" };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let node: UpdateNode;
beforeAll(async () => {
  node = await startUpdateNode({
    sites: { default: one, other: one },
    site: { retiredKeys: [keys.bob.publicKey.text] },
  });
});
afterAll(() => node.stop());

/** A patch whose manifest a hostile publisher, who has the key, wrote by hand. */
async function forged(
  files: ManifestFile[],
  payloads: Uint8Array[],
  words: Partial<Manifest> = {},
): Promise<Uint8Array> {
  const manifest = encodeManifest({
    ...{ format: 1, site: "default", strict: false, from: null, sequence: 2_000_000_000 },
    ...{ created: "2026-01-01T00:00:00Z", expires: null, recipient: null, label: null },
    to: contentDigest(files),
    ...words,
    files,
  });
  return encodePatch(manifest, payloads, [signManifest(manifest, keys.alice, "forged")]);
}

function full(
  path: string,
  content: Uint8Array,
  changes: Partial<ManifestFile> = {},
  payload = content,
): ManifestFile {
  return {
    ...{ path, size: content.length, sha256: sha256Hex(content), op: "full", method: "none" },
    payload: { size: payload.length, sha256: sha256Hex(payload) },
    ...changes,
  } as ManifestFile;
}

const flipped = (patch: Uint8Array, at: number): Uint8Array =>
  patch.with(at < 0 ? patch.length + at : at, patch.at(at)! ^ 1);

const refused: readonly [attack: string, code: string, http: number, patch: () => Promise<Uint8Array>][] = [
  [
    "something else than a patch",
    "patch.format",
    422,
    async () => bytes("<html>not a patch, but long enough to look at</html>"),
  ],
  ["nothing at all", "patch.truncated", 422, async () => new Uint8Array()],
  [
    "a patch that ends within its head",
    "patch.truncated",
    422,
    async () => (await publish(one, two)).subarray(0, 100),
  ],
  [
    "a patch that ends within its payloads",
    "patch.truncated",
    422,
    async () => (await publish(one, two)).slice(0, -1),
  ],
  [
    "a patch with more behind it",
    "patch.format",
    422,
    async () => Buffer.concat([await publish(one, two), bytes("x")]),
  ],
  [
    "a payload that was changed on the way",
    "patch.hash",
    422,
    async () => flipped(await publish(one, two), -1),
  ],
  [
    "a manifest that was changed on the way",
    "patch.signature",
    403,
    async () => flipped(await publish(one, two), 60),
  ],
  [
    "an installation by a stranger",
    "patch.unknown-key",
    403,
    () => publish(one, two, { signers: [keys.mallory] }),
  ],
  [
    "a stranger under the number of a trusted key",
    "patch.signature",
    403,
    () =>
      publish(one, two, { signers: [malloryAs(Uint8Array.fromHex(keys.alice.publicKey.number).reverse())] }),
  ],
  ["a retired key", "patch.unknown-key", 403, () => publish(one, two, { signers: [keys.bob] })],
  [
    "a patch for another site of the node",
    "patch.wrong-site",
    403,
    () => publish(one, two, { site: "other" }),
  ],
  [
    "a patch for another node",
    "patch.wrong-recipient",
    403,
    () => publish(one, two, { recipient: "00".repeat(16) }),
  ],
  [
    "a patch that has expired",
    "patch.expired",
    403,
    () => publish(one, two, { created: "2025-12-31T00:00:00Z", expires: "2026-01-01T00:00:00Z" }),
  ],
  [
    "a patch over a base that the node never had",
    "patch.wrong-base",
    409,
    () => publish({ "a.wasm": kitGuest("zig-hello") }, { "a.wasm": kitGuest("zig-hello").with(200, 1) }),
  ],
  [
    "a strict patch over what does not run",
    "patch.wrong-base",
    409,
    () => publish(one, two, { strict: true, from: `sha256:${"0".repeat(64)}` }),
  ],
  [
    "a list whose name is another's",
    "patch.hash",
    422,
    () => forged([full("a", bytes("a"))], [bytes("a")], { to: `sha256:${"0".repeat(64)}` }),
  ],
  ["a path out of the release", "patch.path", 422, () => forged([full("../a", bytes("a"))], [bytes("a")])],
  [
    "two names that differ by case",
    "patch.path",
    422,
    () => forged([full("A", bytes("a")), full("a", bytes("a"))], [bytes("a"), bytes("a")]),
  ],
  [
    "a file that is not what its digest says",
    "patch.hash",
    422,
    () => forged([full("a", bytes("a"), {}, bytes("b"))], [bytes("b")]),
  ],
  [
    "a whole file of another length",
    "delta.bounds",
    422,
    () => forged([full("a", bytes("aa"), {}, bytes("a"))], [bytes("a")]),
  ],
  [
    "a bomb: 2 GiB out of some bytes",
    "delta.bomb",
    422,
    () =>
      forged(
        [full("a", bytes("a"), { size: 2 ** 31, method: "zstd" } as Partial<ManifestFile>)],
        [bytes("a")],
      ),
  ],
  [
    "a bomb: a terabyte in the list",
    "delta.bomb",
    422,
    () => forged([full("a", bytes("a"), { size: 2 ** 40 })], [bytes("a")]),
  ],
  [
    "noise in place of zstd",
    "delta.format",
    422,
    () =>
      forged(
        [full("a", bytes("aaaa"), { method: "zstd" } as Partial<ManifestFile>, bytes("noise!"))],
        [bytes("noise!")],
      ),
  ],
  ["noise in place of a delta", "delta.format", 422, () => deltaPatch(bytes("no delta at all"))],
  [
    "a site.toml that is none",
    "site.config",
    422,
    () => publish(one, { ...two, "site.toml": "[[route]]\npath = 7\n" }),
  ],
  [
    "a site.toml that names a module that is not there",
    "site.config",
    422,
    () => publish(one, { ...two, "site.toml": `[[route]]\npath = "/x"\nmodule = "x.wasm"\n` }),
  ],
  ["a module that is none", "module.invalid", 422, () => publish(one, { ...two, "bad.wasm": "not wasm" })],
  [
    "a module with an import that no host has",
    "module.import",
    422,
    async () => publish(one, { ...two, "bad.wasm": kitGuest("bad-env") }),
  ],
  [
    "a route that asks above the operator's ceiling",
    "site.limit",
    422,
    () =>
      publish(one, {
        ...two,
        "site.toml": `[[route]]\npath = "/x"\nmodule = "hello.wasm"\nmemory_max = "4 GiB"\n`,
      }),
  ],
  [
    "a release that fails its probe",
    "probe.failed",
    422,
    () =>
      publish(one, {
        ...two,
        "bad.wasm": kitGuest("c-trap"),
        "site.toml": `[[route]]\npath = "/x"\nmodule = "bad.wasm"\nprobe = { path = "/x" }\n`,
      }),
  ],
];

async function deltaPatch(payload: Uint8Array): Promise<Uint8Array> {
  const [source, content] = [bytes("<h1>one</h1>"), bytes("<h1>two</h1>")];
  const delta = { op: "delta", source: sha256Hex(source), method: "emend-bsdiff" };
  const words = { from: `sha256:${"0".repeat(64)}` };
  return forged(
    [full("public/index.html", content, delta as unknown as Partial<ManifestFile>, payload)],
    [payload],
    words,
  );
}

describe("a node refuses", () => {
  test.each(refused)("%s with %s (%i), and goes on as it was", async (_attack, code, http, patch) => {
    const before = await node.status("default");
    expect(await node.push(await patch(), "", "default")).toMatchObject({ http, body: { error: { code } } });
    const after = await node.status("default");
    const still = ({
      release,
      sequence,
      floor,
      generation,
      busy,
      watch,
      canary,
      releases,
    }: typeof before): unknown => [...[release, sequence, floor, generation, busy, watch, canary, releases]];
    expect(still(after)).toEqual(still(before));
    expect(await node.get("/")).toMatchObject({ http: 200, text: "<h1>one</h1>" });
    expect((await node.get("/hello")).http).toBe(200);
    const { body } = await node.admin("GET", "/v1/audit?site=default&limit=1");
    expect(body.entries[0]).toMatchObject({
      actor: "operator",
      site: "default",
      action: "patch",
      verdict: code,
    });
  });

  test("every truncation and every flipped bit of a small patch, and changes nothing", async () => {
    const patch = await publish({ "public/a": "1" }, { "public/a": "2" }, { from: null });
    const before = await node.status("default");
    for (let length = 0; length < patch.length; length += 7) {
      expect((await node.push(patch.slice(0, length), "", "default")).http).toBeGreaterThanOrEqual(400);
    }
    for (let at = 0; at < patch.length; at += 5) {
      const answer = await node.push(flipped(patch, at), "", "default");
      expect([at, answer.http >= 400, answer.http === 500]).toEqual([at, true, false]);
    }
    expect((await node.status("default")).release).toBe(before.release);
  }, 30_000);
});

describe("sequences", () => {
  test("only grow: a replay, an older one and a reordered one are told apart", async () => {
    await using own = await startUpdateNode({ sites: { default: one } });
    const three: Files = { ...one, "public/index.html": "<h1>three</h1>" };
    const [first, second, third] = [
      await publish(one, two, { sequence: 10 }),
      await publish(two, three, { sequence: 30 }),
      await publish(two, one, { sequence: 20 }),
    ];
    expect((await own.push(first)).body.status).toBe("applied");
    expect((await own.push(second)).body.status).toBe("applied");
    expect(await own.push(first)).toMatchObject({ http: 403, body: { error: { code: "patch.replayed" } } });
    expect(await own.push(third)).toMatchObject({ http: 403, body: { error: { code: "patch.sequence" } } });
    await own.admin("POST", "/v1/sites/default/rollback", "{}");
    expect(await own.push(third), "the floor stays after a rollback").toMatchObject({ http: 403 });
    expect(await own.get("/")).toMatchObject({ text: "<h1>two</h1>" });
  });
});
