/** `emend patch` as a process of its own: what it makes is what nodes take, and what lies to it makes nothing. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { assembleText } from "../../test/support/assemble-text.ts";
import { type CommandResult, runCommand } from "../../test/support/executable.ts";
import {
  type FakeRelease,
  fakeRelease,
  fakeSite,
  fakeStatus,
  serveRelease,
  startFakeNode,
} from "../../test/support/fake-node.ts";
import { keys } from "../../test/support/signed-patches.ts";
import { contentDigest, sha256Hex } from "../bytes/index.ts";
import { applyDelta, decodeFull } from "../delta/index.ts";
import { collectDirectory, writePayload } from "../release/index.ts";
import { publicKeyFile, type SecretKey, secretKeyFile } from "../signing/index.ts";
import { type Manifest, openEnvelope, payloadsOf, verifyEnvelope } from "../trust/index.ts";

const main = join(import.meta.dir, "../main.ts");
const scratch = mkdtempSync(join(tmpdir(), "emend-patch-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function emend(
  args: readonly string[],
  env: Record<string, string> = { EMEND_TOKEN: "t" },
): Promise<CommandResult> {
  return runCommand([main, ...args], { program: process.execPath, env, cwd: scratch });
}

const lines = (words: string): string =>
  Array.from({ length: 300 }, (_, i) => `line ${i * 7919} of ${words}\n`).join("");
const v1 = {
  "public/index.html": lines("the page"),
  "public/same.css": lines("the style"),
  "public/old.txt": "gone soon",
};
const v2 = {
  "public/index.html": lines("the page").replace("line 7919 ", "line, changed "),
  "public/same.css": lines("the style"),
  "public/copy.css": lines("the style"),
  "public/new.svg": "<svg/>",
};

/** Writes a site; its files have the given texts. */
function siteAt(name: string, texts: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(scratch, name, path)), { recursive: true });
    writeFileSync(join(scratch, name, path), text);
  }
  return join(scratch, name);
}

siteAt("v1", v1);
siteAt("v2", v2);
// Each test has keys of its own: beside them stands what they signed last.
let keyFiles = 0;
function keyFile(key: SecretKey = keys.alice, passphrase: string | null = null): string {
  keyFiles += 1;
  const file = join(scratch, `k${keyFiles}.key`);
  writeFileSync(file, secretKeyFile(key, passphrase, { opslimit: 32_768, memlimit: 1 << 20 }));
  return file;
}

/** The release that a patch makes of what was there, every byte checked, and its manifest. */
async function applied(
  file: string,
  source: Readonly<Record<string, string | Uint8Array>>,
  signers: readonly SecretKey[] = [keys.alice],
): Promise<{ manifest: Manifest; texts: Record<string, string> }> {
  const patch = readFileSync(join(scratch, file));
  const trusted = signers.map(({ publicKey }) => publicKey);
  const verified = verifyEnvelope(openEnvelope(patch), {
    keys: trusted,
    retired: [],
    threshold: trusted.length,
  });
  const held = new Map(
    Object.values(source).map((text) => [sha256Hex(text), Buffer.from(text) as Uint8Array]),
  );
  for (const { file, payload } of payloadsOf(verified, patch)) {
    const bytes =
      file.op === "full"
        ? decodeFull(file.method, payload, file.size)
        : (await applyDelta(held.get(file.source)!, payload, { sha256: file.sha256 })).target;
    held.set(sha256Hex(bytes), bytes);
  }
  const texts = verified.manifest.files.map(({ path, sha256 }) => [
    path,
    Buffer.from(held.get(sha256)!).toString(),
  ]);
  return { manifest: verified.manifest, texts: Object.fromEntries(texts) };
}

const code = ({ stderr }: CommandResult): string | undefined => stderr.trimEnd().split(" ").at(-1);

describe("emend patch", () => {
  test("makes a patch from one directory to another, and says what it does with each file", async () => {
    const key = keyFile();
    const args = ["patch", "--from", "v1", "--to", "v2", "--key", key, "-o", "a.emend", "--label", "v2"];
    const nowSeconds = Math.floor(Date.now() / 1000);
    const made = await emend([...args, "--expires", "7d", "--json"]);
    expect([made.exitCode, made.stderr]).toEqual([0, ""]);
    const { manifest, texts } = await applied("a.emend", v1);
    expect(texts).toEqual(v2);
    expect(manifest.from).toBe((await collectDirectory(join(scratch, "v1"))).digest);
    expect(manifest.to).toBe((await collectDirectory(join(scratch, "v2"))).digest);
    expect(manifest).toMatchObject({ site: "default", strict: false, recipient: null, label: "v2" });
    expect(manifest.sequence - nowSeconds).toBeWithin(0, 10);
    expect(Date.parse(manifest.expires!) - Date.parse(manifest.created)).toBe(7 * 86_400_000);
    const ops = manifest.files.map(({ path, op }) => [path, op]);
    expect(ops).toEqual([
      ["public/copy.css", "keep"],
      ["public/index.html", "delta"],
      ["public/new.svg", "full"],
      ["public/same.css", "keep"],
    ]);
    const report = JSON.parse(made.stdout);
    expect(report).toMatchObject({
      ...manifest,
      output: "a.emend",
      signers: [keys.alice.publicKey.number],
      removed: ["public/old.txt"],
      changes: [
        { path: "public/index.html", op: "delta", sourcePath: "public/index.html", why: null },
        { path: "public/new.svg", op: "full", why: { reason: "unlike" } },
      ],
    });
    expect(report.bytes.patch).toBe(readFileSync(join(scratch, "a.emend")).length);
    // The text for people says the same.
    const again = await emend(args);
    expect(again.stdout).toMatch(/public\/new\.svg \(whole: no old file is like it\)/);
    expect(again.stdout).toMatch(/removed +public\/old\.txt/);
    // Within one second, by the same key: the number beside the key makes the difference.
    expect((await applied("a.emend", v1)).manifest.sequence).toBeGreaterThan(manifest.sequence);
  });

  test("makes a full release from none", async () => {
    const { exitCode } = await emend([
      "patch",
      "--from",
      "none",
      "--to",
      "v2",
      "--key",
      keyFile(),
      "-o",
      "full.emend",
    ]);
    expect(exitCode).toBe(0);
    const { manifest, texts } = await applied("full.emend", {});
    expect(texts).toEqual(v2);
    expect(manifest.from).toBeNull();
  });

  test("takes executables as either side", async () => {
    const program = { file: join(scratch, "bare"), name: "bare" };
    writeFileSync(program.file, Buffer.concat([Buffer.from("7f454c46", "hex"), Buffer.alloc(96)]));
    const runtime = { version: "0.1.0", platform: "linux-x64", build: "b" };
    for (const name of ["v1", "v2"]) {
      const base = { ...program, runtime, runtimeBytes: 100, isSameBuild: false };
      await writePayload(base, await collectDirectory(join(scratch, name)), join(scratch, `node-${name}`));
    }
    const made = await emend([
      "patch",
      "--from",
      "node-v1",
      "--to",
      "node-v2",
      "--key",
      keyFile(),
      "-o",
      "x.emend",
    ]);
    expect([made.exitCode, made.stderr]).toEqual([0, ""]);
    expect((await applied("x.emend", v1)).texts).toEqual(v2);
    // A damaged one makes none.
    const bytes = readFileSync(join(scratch, "node-v1"));
    const at = bytes.indexOf("line 7919 ");
    bytes[at] = 0;
    writeFileSync(join(scratch, "node-v1"), bytes);
    const damaged = await emend([
      "patch",
      "--from",
      "node-v1",
      "--to",
      "v2",
      "--key",
      keyFile(),
      "-o",
      "y.emend",
    ]);
    expect([damaged.exitCode, damaged.stderr]).toEqual([
      1,
      expect.stringMatching(/node-v1: public\/index.html: expected SHA/),
    ]);
    expect(existsSync(join(scratch, "y.emend"))).toBe(false);
  });

  test("signs with several keys, one of them under a passphrase", async () => {
    writeFileSync(join(scratch, "passphrase"), "correct horse\nbattery staple\n");
    const files = [keyFile(), keyFile(keys.bob, "correct horse")];
    const args = [
      "patch",
      "--from",
      "v1",
      "--to",
      "v2",
      "-o",
      "two.emend",
      ...files.flatMap((file) => ["--key", file]),
    ];
    const asked = await emend(args);
    expect([asked.exitCode, asked.stderr]).toEqual([1, expect.stringContaining("--passphrase-file")]);
    writeFileSync(join(scratch, "wrong"), "correct horse battery\n");
    expect((await emend([...args, "--passphrase-file", "wrong"])).stderr).toContain("not the passphrase");
    expect(existsSync(join(scratch, "two.emend"))).toBe(false);
    expect((await emend([...args, "--passphrase-file", "passphrase"])).exitCode).toBe(0);
    expect((await applied("two.emend", v1, [keys.alice, keys.bob])).texts).toEqual(v2);
    const twice = await emend([...args, "--key", files[0]!, "--passphrase-file", "passphrase"]);
    expect([twice.exitCode, twice.stderr]).toEqual([2, expect.stringContaining("one key counts once")]);
  });

  test("writes what was asked for into the manifest", async () => {
    const node = "0123456789abcdef0123456789abcdef";
    const options = [
      "--site",
      "shop",
      "--sequence",
      "12",
      "--recipient",
      node,
      "--strict",
      "--expires",
      "2099-01-01T00:00:00Z",
    ];
    await emend(["patch", "--from", "v1", "--to", "v2", "--key", keyFile(), "-o", "m.emend", ...options]);
    expect((await applied("m.emend", v1)).manifest).toMatchObject({
      ...{ site: "shop", sequence: 12, recipient: node, strict: true, expires: "2099-01-01T00:00:00Z" },
    });
  });

  test("--list prints what would enter, and needs no key", async () => {
    const { exitCode, stdout } = await emend(["patch", "--to", "v2", "--list"]);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("public/new.svg")]);
    const json = await emend(["patch", "--to", "v2", "--list", "--json"]);
    expect(JSON.parse(json.stdout).files).toHaveLength(4);
  });

  describe("refuses", () => {
    const key = keyFile();
    const whole = ["--from", "v1", "--to", "v2", "--key", key, "-o", "no.emend"];
    beforeAll(async () => {
      siteAt("broken", { "hello.wasm": "no module" });
      siteAt("foreign", {
        "hello.wasm": await assembleText('(module (import "env" "x" (func)) (func (export "_start")))'),
      });
      writeFileSync(join(scratch, "not.key"), "boo");
      writeFileSync(join(scratch, "taken.key"), readFileSync(key));
      writeFileSync(join(scratch, "taken.sequence"), "boo");
    });
    const cases: [what: string, args: string[], exitCode: number, message: RegExp][] = [
      [
        "an empty command line",
        [],
        2,
        /expected --from OLD, --to NEW, --key NAME.key, -o FILE.emend as well/,
      ],
      ["--list with -o", ["--to", "v2", "--list", "-o", "no.emend"], 2, /expected --list or -o/],
      ["--list of an executable", ["--to", "k1.key", "--list"], 2, /with a site directory/],
      ["a directory that is not there", [...whole, "--from", "v0"], 1, /v0: it does not exist/],
      ["a file that is no executable", [...whole, "--from", key], 1, /expected an executable/],
      ["a key that is none", [...whole, "--key", "not.key"], 1, /--key not.key: not a minisign secret key/],
      ["a key that is not there", [...whole, "--key", "no.key"], 1, /no.key: it does not exist/],
      ["a public key", [...whole, "--key", "some.pub"], 1, /--key some.pub: not a minisign secret key/],
      ["a module that is none", [...whole, "--to", "broken"], 1, /hello.wasm/],
      ["a module that nodes do not serve", [...whole, "--to", "foreign"], 1, /env/],
      ["a sequence of tomorrow", [...whole, "--sequence", "9007199254740991"], 3, /: patch\.sequence\n$/],
      ["a sequence that is none", [...whole, "--sequence", "-1"], 2, /whole number/],
      ["a time that is over", [...whole, "--expires", "2020-01-01T00:00:00Z"], 2, /from now on/],
      ["a node id that is none", [...whole, "--recipient", "me"], 2, /32 hexadecimal digits/],
      ["a label that is none", [...whole, "--label", "a\u001b[2J"], 3, /label.*: patch\.format\n$/],
      ["a site that is none", [...whole, "--site", "a b"], 2, /name of a site/],
      ["--strict without a base", [...whole, "--from", "none", "--strict"], 3, /: patch\.format\n$/],
      [
        "a damaged sequence",
        ["--from", "v1", "--to", "v2", "-o", "no.emend", "--key", "taken.key"],
        1,
        /taken.sequence: expected the sequence/,
      ],
      ["a place that is not there", [...whole, "-o", "none/x.emend"], 1, /cannot write/],
    ];
    test.each(cases)("%s", async (_, args, exitCode, message) => {
      writeFileSync(join(scratch, "some.pub"), publicKeyFile(keys.bob.publicKey));
      const result = await emend(["patch", ...args]);
      expect([result.exitCode, result.stdout]).toEqual([exitCode, ""]);
      expect(result.stderr).toMatch(message);
      expect(result.stderr).not.toMatch(/\n\s+at /);
      expect(existsSync(join(scratch, "no.emend"))).toBe(false);
    });
  });
});

describe("emend patch from a node", () => {
  const made = (url: string, ...options: string[]): Promise<CommandResult> =>
    emend(["patch", "--from", url, "--to", "v2", "--key", keyFile(), "-o", "node.emend", ...options]);

  test("fetches only what has changed, and goes above the node's floor", async () => {
    const floor = Math.floor(Date.now() / 1000) + 1000;
    const release = fakeRelease(v1, floor);
    await using node = serveRelease(release);
    const result = await made(node.url);
    expect([result.exitCode, result.stderr]).toEqual([0, ""]);
    const { manifest, texts } = await applied("node.emend", v1);
    expect(texts).toEqual(v2);
    expect([manifest.from, manifest.sequence]).toEqual([release.status.sites[0]!.release, floor + 1]);
    const blob = (path: keyof typeof v1): string => `/v1/sites/default/blobs/${sha256Hex(v1[path])}`;
    expect(node.requests.map(({ path }) => path).toSorted()).toEqual(
      [
        "/v1/status",
        `/v1/sites/default/releases/${manifest.from}`,
        blob("public/index.html"),
        blob("public/old.txt"),
      ].toSorted(),
    );
  });

  test("fetches nothing where files only go or move", async () => {
    siteAt("v1-moved", { "public/moved.html": v1["public/index.html"] });
    await using node = serveRelease(fakeRelease(v1));
    expect((await made(node.url, "--to", "v1-moved")).exitCode).toBe(0);
    expect(node.requests).toHaveLength(2);
    expect((await applied("node.emend", v1)).texts).toEqual({ "public/moved.html": v1["public/index.html"] });
  });

  test("to another node, each with its own token", async () => {
    await using old = serveRelease(fakeRelease(v1));
    await using staging = serveRelease(fakeRelease(v2));
    const result = await made(old.url, "--to", staging.url, "--token", "of-old", "--to-token", "of-new");
    expect([result.exitCode, result.stderr]).toEqual([0, ""]);
    expect((await applied("node.emend", v1)).texts).toEqual(v2);
    const tokens = (node: typeof old): Set<string | null> =>
      new Set(node.requests.map(({ headers }) => headers.get("authorization")));
    expect([tokens(old), tokens(staging)]).toEqual([new Set(["Bearer of-old"]), new Set(["Bearer of-new"])]);
    // What both have comes from one of them.
    const shared = sha256Hex(v1["public/same.css"]);
    expect(staging.requests.filter(({ path }) => path.endsWith(shared))).toEqual([]);
  });

  describe("that lies is refused:", () => {
    const honest = fakeRelease(v1);
    const site = honest.status.sites[0]!;
    const ahead = Math.floor(Date.now() / 1000) + 2 * 86_400;
    const page = sha256Hex(v1["public/index.html"]);
    const withPage = (bytes: Uint8Array): FakeRelease => ({
      ...honest,
      blobs: new Map([...honest.blobs, [page, bytes]]),
    });
    const renamed = (path: string): FakeRelease => {
      const [first, ...rest] = honest.files;
      return { ...honest, files: [{ ...first!, path }, ...rest] };
    };
    const cases: [what: string, release: FakeRelease, exitCode: number, message: RegExp][] = [
      [
        "another list than the release's",
        { ...honest, files: honest.files.slice(1) },
        3,
        /its file list of sha256:.*: patch\.hash\n$/,
      ],
      ["a path that leads out", renamed("../index.html"), 3, /: patch\.path\n$/],
      [
        "a list that is none",
        { ...honest, files: [{ path: "a", size: -1, sha256: "b" }] },
        1,
        /another form/,
      ],
      [
        "another content",
        withPage(Buffer.from(v1["public/index.html"].replace("line", "lime"))),
        3,
        /public\/index.html: expected SHA-256 .*: patch\.hash\n$/,
      ],
      ["a part of a content", withPage(Buffer.from("line")), 3, /\(4 of \d+ bytes\): patch\.hash\n$/],
      ["more than the content", withPage(Buffer.alloc(1_000_000)), 1, /expected at most \d+ bytes/],
      ["contents that it does not have", { ...honest, blobs: new Map() }, 3, /: release\.unknown\n$/],
      [
        "no such site",
        { ...honest, status: fakeStatus(fakeSite("shop", site.release)) },
        3,
        /serves no site "default": site\.unknown\n$/,
      ],
      [
        "a floor in the future",
        { ...honest, status: fakeStatus({ ...site, floor: ahead }) },
        3,
        /the node's floor, is more than a day ahead .*: patch\.sequence\n$/,
      ],
      [
        "files that nobody could hold",
        fakeHuge(),
        3,
        /expected at most \d+ bytes of changed files, found .*: patch\.too-large\n$/,
      ],
    ];
    test.each(cases)("%s", async (_, release, exitCode, message) => {
      rmSync(join(scratch, "node.emend"), { force: true });
      await using node = serveRelease(release);
      const result = await made(node.url);
      expect([result.exitCode, result.stderr]).toEqual([exitCode, expect.stringMatching(message)]);
      expect(existsSync(join(scratch, "node.emend"))).toBe(false);
    });

    test("the floor, unless that is wanted", async () => {
      await using node = serveRelease({ ...honest, status: fakeStatus({ ...site, floor: ahead }) });
      expect((await made(node.url, "--force")).exitCode).toBe(0);
      expect((await applied("node.emend", v1)).manifest.sequence).toBe(ahead + 1);
    });
  });

  test("that refuses, says why", async () => {
    await using node = startFakeNode(() =>
      Response.json({ error: { code: "auth.token", message: "no" } }, { status: 401 }),
    );
    const result = await made(node.url);
    expect([result.exitCode, code(result)]).toEqual([3, "auth.token"]);
  });
});

/** A release whose list is right, of files of a terabyte. */
function fakeHuge(): FakeRelease {
  const { files } = fakeRelease({ "public/index.html": "x" });
  const huge = files.map((file) => ({ ...file, size: 2 ** 40 }));
  return { status: fakeStatus(fakeSite("default", contentDigest(huge))), files: huge, blobs: new Map() };
}
