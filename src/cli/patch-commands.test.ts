import { afterAll, beforeEach, describe, expect, spyOn, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keys, sampleManifest, samplePatch } from "../../test/support/signed-patches.ts";
import { parseSecretKey, publicKeyFile } from "../signing/index.ts";
import { openEnvelope, parsePublicKey } from "../trust/index.ts";
import { runCommandLine } from "./index.ts";

const root = mkdtempSync(join(tmpdir(), "emend-patch-"));
afterAll(() => rmSync(root, { recursive: true }));
const at = (name: string): string => join(root, name);
const { alice, bob, mallory } = keys;

beforeEach(() => {
  for (const name of readdirSync(root)) rmSync(at(name), { recursive: true });
});

interface Ended {
  readonly exitCode: number;
  readonly out: Buffer;
  readonly err: string;
}

/** Runs a command line as `emend` does, to its exit code; stdin and stderr are no terminal. */
async function run(...args: readonly string[]): Promise<Ended> {
  const out: Uint8Array[] = [];
  let err = "";
  const print = spyOn(process.stdout, "write").mockImplementation(
    (written) => out.push(Buffer.from(written)) > 0,
  );
  const write = spyOn(process.stderr, "write").mockImplementation((text) => {
    err += String(text);
    return true;
  });
  try {
    return { exitCode: await runCommandLine(args), out: Buffer.concat(out), err };
  } finally {
    print.mockRestore();
    write.mockRestore();
  }
}

const mode = (name: string): string => (statSync(at(name)).mode & 0o777).toString(8);

describe("emend keygen", () => {
  test("writes a secret for its owner alone and a public key, and prints that", async () => {
    const { exitCode, out, err } = await run("keygen", "-o", at("k"), "--no-passphrase");
    expect([exitCode, readdirSync(root).toSorted(), mode("k.key")]).toEqual([0, ["k.key", "k.pub"], "600"]);
    const key = parseSecretKey(readFileSync(at("k.key"), "utf8"));
    expect(readFileSync(at("k.pub"), "utf8")).toBe(publicKeyFile(key.publicKey));
    expect(out.toString()).toBe(`${key.publicKey.text}\n`);
    expect(err).toContain("whoever has it can sign");
    expect(err + out).not.toContain(readFileSync(at("k.key"), "utf8").split("\n")[1]!);
  });

  test("asks nobody for a passphrase where there is no terminal, and says so in --json", async () => {
    const { exitCode, out } = await run("keygen", "-o", at("k"), "--json");
    const { publicKey, ...report } = JSON.parse(out.toString());
    expect([exitCode, report]).toEqual([
      0,
      {
        number: parsePublicKey(publicKey).number,
        secretKeyFile: at("k.key"),
        publicKeyFile: at("k.pub"),
        encrypted: false,
      },
    ]);
  });

  for (const name of ["k.key", "k.pub"]) {
    test(`overwrites no ${name} and writes nothing beside it`, async () => {
      writeFileSync(at(name), "mine");
      const { exitCode, err } = await run("keygen", "-o", at("k"));
      expect([exitCode, readdirSync(root), readFileSync(at(name), "utf8")]).toEqual([1, [name], "mine"]);
      expect(err).toContain(`${at(name)} exists already`);
    });
  }

  test("follows no link, and leaves no half of a pair behind", async () => {
    symlinkSync(at("elsewhere"), at("k.pub"));
    const { exitCode } = await run("keygen", "-o", at("k"));
    expect([exitCode, readdirSync(root), existsSync(at("elsewhere"))]).toEqual([1, ["k.pub"], false]);
  });

  test("needs a name, and a directory that is there", async () => {
    expect((await run("keygen")).exitCode).toBe(2);
    expect((await run("keygen", "-o", at("no/k"))).exitCode).toBe(1);
  });
});

/** emend on a terminal where `typed` is entered, one line at each prompt. */
async function onTerminal(
  args: readonly string[],
  typed: readonly string[],
): Promise<{ code: number; shown: string }> {
  let shown = "";
  const left = [...typed];
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "../main.ts"), ...args], {
    terminal: {
      data(terminal, data) {
        shown += Buffer.from(data).toString();
        if (shown.endsWith(": ") && left.length > 0) terminal.write(left.shift()!);
      },
    },
  });
  const code = await child.exited;
  child.terminal?.close();
  return { code, shown };
}

/** A key at minisign's cost takes seconds. */
const scryptTimeoutMs = 120_000;

describe.skipIf(process.platform === "win32")("emend keygen on a terminal", () => {
  test(
    "asks twice without an echo, and takes a correction",
    async () => {
      const typed = ["hushX\x7f hüsh\r", "hush hüsh\r"];
      const { code, shown } = await onTerminal(["keygen", "-o", at("k")], typed);
      expect([code, shown.includes("hush")]).toEqual([0, false]);
      expect(parseSecretKey(readFileSync(at("k.key"), "utf8"), "hush hüsh").publicKey).toEqual(
        parsePublicKey(readFileSync(at("k.pub"), "utf8")),
      );
    },
    scryptTimeoutMs,
  );

  const refused: readonly (readonly [name: string, typed: readonly string[], says: string])[] = [
    ["two that differ", ["one\r", "two\r"], "the two passphrases differ"],
    ["an empty one", ["\r"], "expected a passphrase, or --no-passphrase"],
    ["^C", ["half\x03"], "no passphrase was given"],
    ["two that differ, pasted at once", ["one\rtwo\r"], "the two passphrases differ"],
  ];
  for (const [name, typed, says] of refused) {
    test(`makes no key for ${name}`, async () => {
      const { code, shown } = await onTerminal(["keygen", "-o", at("k")], typed);
      expect([code, readdirSync(root)]).toEqual([1, []]);
      expect(shown).toContain(says);
    });
  }

  test("asks nothing with --no-passphrase", async () => {
    const { code, shown } = await onTerminal(["keygen", "-o", at("k"), "--no-passphrase"], []);
    expect([code, shown.includes("passphrase for")]).toEqual([0, false]);
  });
});

describe("emend verify", () => {
  beforeEach(() => {
    writeFileSync(at("p.emend"), samplePatch());
    writeFileSync(at("alice.pub"), publicKeyFile(alice.publicKey));
  });
  const verify = (...args: readonly string[]): Promise<Ended> => run("verify", at("p.emend"), ...args);

  test("prints who signed it and what it would change, file by file", async () => {
    const { exitCode, out } = await verify("--key", at("alice.pub"));
    expect(exitCode).toBe(0);
    expect(out.toString()).toStartWith(
      `verified: signed by 0101010101010101, ${samplePatch().length} bytes, all intact\n`,
    );
    expect(out.toString()).toContain(
      [
        "the whole release: 3 files, 246 bytes",
        "  kept     1, 70 bytes",
        "  changed  1, 171 bytes, by deltas of 7 bytes",
        "  whole    1, 5 bytes, sent as 5 bytes",
        "  op     method        sent  size  path",
        "  keep                         70  api.wasm",
        "  delta  emend-bsdiff     7   171  app.js",
        "  full   none             5     5  new.css",
      ].join("\n"),
    );
  });

  test("prints one document with --json", async () => {
    const { out } = await verify("--key", alice.publicKey.text, "--json");
    expect(JSON.parse(out.toString())).toMatchObject({
      kind: "patch",
      verified: true,
      signers: ["0101010101010101"],
      counts: { keep: 1, delta: 1, full: 1 },
      bytes: { patch: samplePatch().length, full: 246 },
      ...sampleManifest(),
    });
  });

  const refused: readonly (readonly [name: string, patch: Uint8Array, args: string[], code: string])[] = [
    ["a stranger's patch", samplePatch(sampleManifest(), [mallory]), [], "patch.unknown-key"],
    ["one of two", samplePatch(), ["--key", bob.publicKey.text, "--threshold", "2"], "patch.threshold"],
    ["a damaged payload", samplePatch().fill(0, samplePatch().length - 1), [], "patch.hash"],
    ["a patch cut short", samplePatch().subarray(0, -1), [], "patch.truncated"],
    ["another site", samplePatch(), ["--site", "shop"], "patch.wrong-site"],
    ["an expired one", samplePatch(sampleManifest({ expires: "2026-01-02T00:00:00Z" })), [], "patch.expired"],
    ["no patch", Buffer.from("hello"), [], "patch.format"],
  ];
  for (const [name, patch, args, code] of refused) {
    test(`ends with 3 for ${name}, ${code} as the last word`, async () => {
      writeFileSync(at("p.emend"), patch);
      const plain = await verify("--key", at("alice.pub"), ...args);
      expect([plain.exitCode, plain.out.length, plain.err.trim().split(" ").at(-1)]).toEqual([3, 0, code]);
      const { out } = await verify("--key", at("alice.pub"), ...args, "--json");
      expect(JSON.parse(out.toString()).code).toBe(code);
    });
  }

  const failures: readonly (readonly [name: string, args: string[], exitCode: number, says: string])[] = [
    ["no key", [], 2, "expected --key"],
    ["more keys asked for than given", ["--key", alice.publicKey.text, "--threshold", "2"], 2, "at most 1"],
    ["a threshold of none", ["--key", alice.publicKey.text, "--threshold", "0"], 2, "from 1"],
    [
      "a key file that is none",
      ["--key", at("p.emend")],
      1,
      `--key ${join(root, "p.emend")}: not a minisign`,
    ],
    ["a key file that is not there", ["--key", at("no.pub")], 1, "it does not exist"],
  ];
  for (const [name, args, exitCode, says] of failures) {
    test(`fails with ${exitCode} for ${name}`, async () => {
      const { exitCode: found, err } = await verify(...args);
      expect([found, err.includes(says)]).toEqual([exitCode, true]);
    });
  }
});

describe("emend inspect on a patch", () => {
  beforeEach(() => writeFileSync(at("p.emend"), samplePatch()));

  test("tells what it claims, and that nothing of it is verified", async () => {
    const { exitCode, out } = await run("inspect", at("p.emend"));
    expect(exitCode).toBe(0);
    expect(out.toString()).toMatch(
      /^patch of \d+ bytes, not verified .*\nsigned by 0101010101010101: for a test\n/,
    );
    expect(out.toString()).toContain("the whole release: 3 files, 246 bytes");
    const { out: json } = await run("inspect", at("p.emend"), "--json");
    expect(JSON.parse(json.toString())).toMatchObject({
      kind: "patch",
      verified: false,
      signatures: [{ keyNumber: "0101010101010101", trustedComment: "for a test" }],
      label: "v2",
    });
  });

  test("writes a block as it is with --extract", async () => {
    const envelope = openEnvelope(samplePatch());
    for (const block of ["manifest", "signatures"] as const) {
      const { exitCode, out } = await run("inspect", at("p.emend"), "--extract", block);
      expect([exitCode, out.toString()]).toEqual([0, Buffer.from(envelope[block]).toString()]);
    }
  });

  test("refuses what is damaged, and --extract beside another report", async () => {
    writeFileSync(at("cut.emend"), samplePatch().subarray(0, 100));
    expect((await run("inspect", at("cut.emend"))).exitCode).toBe(3);
    expect((await run("inspect", at("cut.emend"), "--extract", "manifest")).exitCode).toBe(3);
    expect((await run("inspect", at("p.emend"), "--extract", "manifest", "--json")).exitCode).toBe(2);
    expect((await run("inspect", "--extract", "manifest")).exitCode).toBe(2);
    expect((await run("inspect", at("p.emend"), "--extract", "payloads")).exitCode).toBe(2);
  });

  test("shows no control character of a path", async () => {
    const files = [{ ...sampleManifest().files[0]!, path: "a\u001b[2J" }];
    writeFileSync(at("p.emend"), samplePatch(sampleManifest({ files }), [alice], []));
    expect((await run("inspect", at("p.emend"))).out.toString()).toContain("a\\x1b[2J");
  });
});
