/**
 * The demonstration patch (patches/README.md): from the site that the executable carries to the one with the changes
 * of `patches/v2`, signed with a key that lives in this process only. Made again only when one of the sites differs
 * from the one it was made of, so that a node that trusts its key can go on doing so.
 */
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makePatch } from "../src/cli/make-patch.ts";
import { openDirectorySide } from "../src/cli/patch-side.ts";
import { replaceFile } from "../src/cli/replace-file.ts";
import { generateKeyPair, publicKeyFile } from "../src/signing/index.ts";
import {
  formatInstant,
  openEnvelope,
  parsePublicKey,
  payloadsOf,
  verifyEnvelope,
} from "../src/trust/index.ts";
import { compileGuests, guestsIn } from "./compile-guests.ts";

const root = join(import.meta.dir, "..");
const changes = "patches/v2";
const patchFile = join(root, "patches/v1-v2.emend");
const keyFile = join(root, "patches/v1-v2.pub");

/** Brings `patches/v1-v2.emend` and its public key up to date; `assets/*.wasm` has to be. */
export async function buildDemoPatch(): Promise<void> {
  const old = await openDirectorySide(join(root, "assets"), { checked: true });
  const target = await openDirectorySide(await layOut(), { checked: true });
  if (isUpToDate(old.digest, target.digest)) return;
  const nowMs = Date.now();
  const head = {
    ...{ site: "default", strict: false, sequence: Math.floor(nowMs / 1000), created: formatInstant(nowMs) },
    ...{ expires: null, recipient: null, label: "v2" },
  };
  const key = generateKeyPair();
  const { bytes } = await makePatch(old, target, head, [key], {
    onFetch: () => undefined,
    onDiff: () => undefined,
  });
  replaceFile(keyFile, new TextEncoder().encode(publicKeyFile(key.publicKey)));
  replaceFile(patchFile, bytes);
  console.log(`${patchFile}: ${bytes.length} bytes`);
}

/** The site with the changes, in a directory of its own. */
async function layOut(): Promise<string> {
  const handlers = guestsIn(`${changes}/handlers`, "dist/v2-handlers");
  await compileGuests(handlers);
  const site = join(root, "dist/v2");
  rmSync(site, { recursive: true, force: true });
  mkdirSync(site, { recursive: true });
  cpSync(join(root, "assets"), site, { recursive: true });
  cpSync(join(root, changes, "public"), join(site, "public"), { recursive: true });
  cpSync(join(root, "dist/v2-handlers"), site, { recursive: true });
  return site;
}

function isUpToDate(from: string, to: string): boolean {
  try {
    const patch = readFileSync(patchFile);
    const keys = [parsePublicKey(readFileSync(keyFile, "utf8"))];
    const verified = verifyEnvelope(openEnvelope(patch), { keys, retired: [], threshold: 1 });
    for (const _ of payloadsOf(verified, patch));
    return verified.manifest.from === from && verified.manifest.to === to;
  } catch {
    // Not there, or no longer of this version: it is made again.
    return false;
  }
}

if (import.meta.main) await buildDemoPatch();
