/** Keys and signatures against Debian's minisign: what it makes is read here, what is made here it reads. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  adoptSignature,
  encodeManifest,
  encodePatch,
  generateKeyPair,
  parseSecretKey,
  publicKeyFile,
  secretKeyFile,
  signManifest,
} from "../../src/signing/index.ts";
import { openEnvelope, type PublicKey, parsePublicKey, verifyEnvelope } from "../../src/trust/index.ts";
import { payloads, sampleManifest } from "../support/signed-patches.ts";

const isMissing = Bun.which("minisign") === null;
if (isMissing) console.log("skipped: minisign is not installed (apt-get install minisign)");

const scratch = mkdtempSync(join(tmpdir(), "emend-minisign-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const at = (name: string): string => join(scratch, name);
const read = (name: string): string => readFileSync(at(name), "utf8");

/** Runs minisign in the scratch directory, with the lines of `typed` on its stdin. */
function minisign(args: readonly string[], typed = ""): { exitCode: number; stdout: string; stderr: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync(["minisign", ...args], {
    cwd: scratch,
    stdin: Buffer.from(typed),
  });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

const manifest = encodeManifest(sampleManifest());

function signersOf(signature: Uint8Array, key: PublicKey): readonly string[] {
  const patch = encodePatch(manifest, payloads, [signature]);
  return verifyEnvelope(openEnvelope(patch), { keys: [key], retired: [], threshold: 1 }).signers;
}

/** minisign's own passphrases cost 1 GiB and seconds each time. */
const timeoutMs = 120_000;

describe.skipIf(isMissing)("Debian's minisign", () => {
  test("verifies the manifest of a patch with emend's signature and emend's public key", () => {
    const key = generateKeyPair();
    writeFileSync(at("a.pub"), publicKeyFile(key.publicKey));
    const patch = encodePatch(manifest, payloads, [signManifest(manifest, key, "sequence 7")]);
    const envelope = openEnvelope(patch);
    writeFileSync(at("manifest"), envelope.manifest);
    writeFileSync(at("manifest.minisig"), envelope.signatures);
    const { exitCode, stdout } = minisign(["-V", "-m", "manifest", "-p", "a.pub"]);
    expect([exitCode, stdout]).toEqual([
      0,
      "Signature and comment signature verified\nTrusted comment: sequence 7\n",
    ]);
    expect(minisign(["-V", "-q", "-m", "manifest", "-P", key.publicKey.text]).exitCode).toBe(0);
    writeFileSync(at("manifest"), "another");
    expect(minisign(["-V", "-m", "manifest", "-p", "a.pub"]).exitCode).not.toBe(0);
  });

  const limits = { opslimit: 32_768, memlimit: 16 * 1024 * 1024 };
  for (const [name, passphrase] of [
    ["no passphrase", null] as const,
    ["a passphrase", "päss phrase"] as const,
  ]) {
    test(`signs with a secret key that emend made with ${name}`, () => {
      const key = generateKeyPair();
      writeFileSync(at("b.key"), secretKeyFile(key, passphrase, limits));
      writeFileSync(at("signed"), manifest);
      const signed = minisign(["-S", "-s", "b.key", "-m", "signed", "-x", "b.sig"], `${passphrase}\n`);
      expect([signed.exitCode, signed.stderr]).toEqual([0, expect.any(String)]);
      expect(signersOf(adoptSignature(read("b.sig")), key.publicKey)).toEqual([key.publicKey.number]);
    });
  }

  test("makes secret keys without a passphrase that emend signs with", () => {
    expect(minisign(["-G", "-W", "-p", "c.pub", "-s", "c.key"]).exitCode).toBe(0);
    const [publicKey, secretKey] = [parsePublicKey(read("c.pub")), parseSecretKey(read("c.key"))];
    expect(secretKey.publicKey).toEqual(publicKey);
    // It prints a number: zeros in front are left out.
    expect(read("c.pub")).toContain(`key ${publicKey.number.replace(/^0+/, "")}`);
    expect(signersOf(signManifest(manifest, secretKey, "x"), publicKey)).toEqual([publicKey.number]);
  });

  test(
    "makes secret keys under a passphrase, at its own cost, that emend reads",
    () => {
      const made = minisign(["-G", "-p", "d.pub", "-s", "d.key"], "päss phrase\npäss phrase\n");
      expect([made.exitCode, made.stderr]).toEqual([0, expect.any(String)]);
      const secretKey = parseSecretKey(read("d.key"), "päss phrase");
      expect(secretKey.publicKey).toEqual(parsePublicKey(read("d.pub")));
    },
    timeoutMs,
  );

  test("makes legacy signatures, which emend refuses", () => {
    const key = generateKeyPair();
    writeFileSync(at("e.key"), secretKeyFile(key, null));
    writeFileSync(at("signed"), manifest);
    expect(minisign(["-S", "-l", "-s", "e.key", "-m", "signed", "-x", "e.sig"]).exitCode).toBe(0);
    expect(() => adoptSignature(read("e.sig"))).toThrow("found the legacy Ed");
  });
});
