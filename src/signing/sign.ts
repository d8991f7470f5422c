/** Signature files in minisign's layout, in the one form that patches may carry (src/trust/README.md). */
import { blake2b512 } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import { parseSignatures, trustedPrefix, untrustedLine } from "../trust/index.ts";
import { signWith } from "./ed25519.ts";
import type { SecretKey } from "./secret-key.ts";

/** A signature file over a manifest's bytes. `trustedComment` is signed too: one line without control characters. */
export function signManifest(manifest: Uint8Array, key: SecretKey, trustedComment: string): Uint8Array {
  const signature = signWith(key.seed, blake2b512(manifest));
  const comment = new TextEncoder().encode(trustedComment);
  const globalSignature = signWith(key.seed, new Uint8Array([...signature, ...comment]));
  const signed = new Uint8Array([0x45, 0x44, ...key.number, ...signature]);
  const lines = [
    untrustedLine,
    signed.toBase64(),
    `${trustedPrefix}${trustedComment}`,
    globalSignature.toBase64(),
  ];
  return checked(new TextEncoder().encode(`${lines.join("\n")}\n`));
}

/**
 * A signature that `minisign -S` made over a manifest, in the form that patches carry: its first line is
 * rewritten, which no signature covers. Throws `patch.format` when it is none, or a legacy one.
 */
export function adoptSignature(text: string): Uint8Array {
  const [untrusted = "", ...lines] = text.trimEnd().split(/\r?\n/);
  if (!untrusted.startsWith("untrusted comment:")) {
    throw new EmendError(
      "patch.format",
      "expected a minisign signature, which begins with an untrusted comment",
    );
  }
  return checked(new TextEncoder().encode(`${[untrustedLine, ...lines].join("\n")}\n`));
}

/** By the reader that every node has. */
function checked(file: Uint8Array): Uint8Array {
  if (parseSignatures(file).length !== 1) throw new EmendError("patch.format", "expected one signature");
  return file;
}
