/**
 * From bytes that someone sent to a manifest that trusted keys have signed. The order (architecture, "Order of an
 * update"; steps are those of this room's README): signatures over the raw bytes, then parsing, then what the manifest says of itself. Pure: whether the
 * node may take it now is policy.ts, whether the payloads are what it promises payloads.ts.
 */
import { checkPaths, contentDigest, sha256Hex } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import type { Envelope } from "./envelope.ts";
import { type Manifest, parseManifest } from "./manifest.ts";
import type { PublicKey } from "./public-key.ts";
import { isFileSignedBy, parseSignatures, type SignatureFile } from "./signature-file.ts";

/** Whom a site trusts. */
export type Keyring = {
  readonly keys: readonly PublicKey[];
  /** Keys that count no more, wherever else they stand. */
  readonly retired: readonly PublicKey[];
  /** How many of `keys` must have signed, at least 1. */
  readonly threshold: number;
};

/** Not exported, so that nothing else can make a VerifiedManifest. */
const verified: unique symbol = Symbol("verified");

/** A manifest that enough trusted keys have signed and that agrees with itself. Made by this file alone. */
export type VerifiedManifest = {
  readonly manifest: Manifest;
  /** SHA-256 of the manifest's bytes, hexadecimal: what a node remembers against replays. */
  readonly digest: string;
  /** Numbers of the keys that signed; none when the manifest was recalled. */
  readonly signers: readonly string[];
  /** Where the payloads begin in the patch. */
  readonly payloadsOffset: number;
  readonly [verified]: true;
};

/**
 * Verifies who signed a patch and reads what they signed. Throws `patch.signature`, `patch.unknown-key`,
 * `patch.threshold`, `patch.format`, `patch.path`, and `patch.hash` when `to` is not the name of its files.
 */
export function verifyEnvelope(envelope: Envelope, keyring: Keyring): VerifiedManifest {
  return readManifest(envelope, verifySignatures(envelope, keyring));
}

/**
 * A manifest that this node verified and committed before, known again by its SHA-256 from the journal. Its
 * signatures are not looked at, since its keys may have been retired since: a restart must not undo a release.
 * Throws `patch.hash` when it is another manifest.
 */
export function recallEnvelope(envelope: Envelope, manifestDigest: string): VerifiedManifest {
  const found = sha256Hex(envelope.manifest);
  if (found !== manifestDigest) {
    throw new EmendError("patch.hash", `expected the manifest ${manifestDigest}, found ${found}`);
  }
  return readManifest(envelope, []);
}

/** Steps 3, 4 and 5. */
function readManifest({ manifest: bytes, payloadsOffset }: Envelope, signers: string[]): VerifiedManifest {
  const manifest = parseManifest(bytes);
  checkPaths(manifest.files.map(({ path }) => path));
  const named = contentDigest(manifest.files);
  if (named !== manifest.to) {
    throw new EmendError("patch.hash", `expected files that make up ${manifest.to}, found those of ${named}`);
  }
  return { manifest, digest: sha256Hex(bytes), signers, payloadsOffset, [verified]: true };
}

/** Step 2. The numbers of the trusted keys that signed. One key counts once, however often it signed or is listed. */
function verifySignatures({ manifest, signatures }: Envelope, keyring: Keyring): string[] {
  const files = parseSignatures(signatures);
  const signers = new Map<string, string>();
  for (const file of files) {
    const candidates = trustedKeys(keyring).filter(({ number }) => number === file.keyNumber);
    // Whoever may add signatures to a patch may add ones that mean nothing here: they only do not count.
    if (candidates.length === 0) continue;
    // Key numbers are chosen at random by whoever makes a key: two keys can have one.
    const signer = candidates.find(({ key }) => isFileSignedBy(key, manifest, file));
    if (signer === undefined) {
      throw new EmendError(
        "patch.signature",
        `the signature by the trusted key ${file.keyNumber} does not fit the manifest`,
      );
    }
    signers.set(signer.key.toHex(), signer.number);
  }
  checkThreshold(signers.size, files, keyring);
  return [...signers.values()];
}

function checkThreshold(count: number, files: readonly SignatureFile[], keyring: Keyring): void {
  if (count === 0) {
    throw new EmendError(
      "patch.unknown-key",
      `expected a signature by a trusted key, found ${signedBy(files, keyring)}`,
    );
  }
  if (count < keyring.threshold) {
    throw new EmendError(
      "patch.threshold",
      `expected signatures by ${keyring.threshold} trusted keys, found ${count}: ${signedBy(files, keyring)}`,
    );
  }
}

function signedBy(files: readonly SignatureFile[], { retired }: Keyring): string {
  // As many as help; a patch may carry hundreds.
  const numbers = [...new Set(files.map(({ keyNumber }) => keyNumber))].slice(0, 8);
  return numbers
    .map((number) => (retired.some((key) => key.number === number) ? `${number} (retired)` : number))
    .join(", ");
}

function trustedKeys({ keys, retired }: Keyring): PublicKey[] {
  const gone = new Set(retired.map(({ key }) => key.toHex()));
  return keys.filter(({ key }) => !gone.has(key.toHex()));
}
