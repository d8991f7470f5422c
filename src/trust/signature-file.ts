/**
 * The signatures of a patch: minisign signature files, back to back (release-and-patch, "The file"). One is
 *
 *     untrusted comment: emend patch LF
 *     base64 of 74 bytes: "ED" | key number 8 | Ed25519 signature 64, over BLAKE2b-512 of the manifest LF
 *     trusted comment: TEXT LF
 *     base64 of 64 bytes: Ed25519 signature over the signature's 64 bytes | TEXT LF
 *
 * minisign signs neither the first line nor the unused bits of the base64, so there is one form of them only: else
 * a patch could be changed without a signature noticing. `Ed`, the legacy algorithm that signs the file itself, is
 * refused: nothing that emend reads was ever signed with it.
 */
import { blake2b512 } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import { decodeBase64 } from "./base64.ts";
import { isSignedBy } from "./ed25519.ts";
import { keyNumberText } from "./public-key.ts";

export type SignatureFile = {
  /** Which key to try, 16 hexadecimal digits; it proves nothing. */
  readonly keyNumber: string;
  readonly signature: Uint8Array;
  readonly trustedComment: string;
  /** Over `signature` and the trusted comment. */
  readonly globalSignature: Uint8Array;
};

/** The first line of each signature in a patch. */
export const untrustedLine = "untrusted comment: emend patch";
/** How the third begins. */
export const trustedPrefix = "trusted comment: ";

const linesPerFile = 4;

/** Reads the signatures block. Throws `patch.format` for every form but the one. */
export function parseSignatures(block: Uint8Array): SignatureFile[] {
  const lines = decodeText(block).split("\n");
  if (lines.pop() !== "" || lines.length === 0 || lines.length % linesPerFile !== 0) {
    throw refused("expected signatures of 4 lines, each ended by one LF");
  }
  return Array.from({ length: lines.length / linesPerFile }, (_, index) =>
    parseFile(lines.slice(index * linesPerFile, (index + 1) * linesPerFile)),
  );
}

/** Whether both signatures of a file are by `key`: over the manifest, and over the trusted comment. */
export function isFileSignedBy(key: Uint8Array, manifest: Uint8Array, file: SignatureFile): boolean {
  const comment = new TextEncoder().encode(file.trustedComment);
  const commented = new Uint8Array([...file.signature, ...comment]);
  return (
    isSignedBy(key, blake2b512(manifest), file.signature) && isSignedBy(key, commented, file.globalSignature)
  );
}

function parseFile(lines: readonly string[]): SignatureFile {
  const [untrusted = "", signed = "", trusted = "", global = ""] = lines;
  if (untrusted !== untrustedLine) throw refused(`expected its first line to be "${untrustedLine}"`);
  const bytes = decodeBase64(signed, 74);
  if (bytes === null) throw refused("expected its second line to be 74 bytes in canonical base64");
  checkAlgorithm(bytes);
  if (!trusted.startsWith(trustedPrefix))
    throw refused(`expected its third line to begin "${trustedPrefix}"`);
  const trustedComment = trusted.slice(trustedPrefix.length);
  if (/[^\P{Cc}\t]/u.test(trustedComment)) throw refused("its trusted comment holds control characters");
  const globalSignature = decodeBase64(global, 64);
  if (globalSignature === null) throw refused("expected its fourth line to be 64 bytes in canonical base64");
  return {
    keyNumber: keyNumberText(bytes.subarray(2, 10)),
    signature: bytes.subarray(10),
    trustedComment,
    globalSignature,
  };
}

function checkAlgorithm(bytes: Uint8Array): void {
  const algorithm = String.fromCharCode(bytes[0]!, bytes[1]!);
  if (algorithm === "ED") return;
  if (algorithm === "Ed") throw refused("expected the prehashed algorithm ED, found the legacy Ed");
  throw refused("expected the algorithm ED");
}

function decodeText(block: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(block);
  } catch {
    throw refused("expected UTF-8");
  }
}

function refused(why: string): EmendError {
  return new EmendError("patch.format", `a signature of the patch: ${why}`);
}
