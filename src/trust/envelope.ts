/**
 * The outermost layer of a patch (release-and-patch, "The file"): where manifest, signatures and payloads lie.
 *
 *     0       12    "EMENDPATCH1\n"
 *     12      4     M, length of the manifest, u32 little-endian
 *     16      4     S, length of the signatures, u32 little-endian
 *     20      M     manifest
 *     20+M    S     signatures
 *     20+M+S  …     payloads
 *
 * This is all of a patch, but for the signatures themselves, that is interpreted before they are verified (step 1 of
 * this room's README).
 */
import { EmendError } from "../errors.ts";
import { manifestBytesMax, signaturesBytesMax } from "../limits.ts";

export type Envelope = {
  readonly manifest: Uint8Array;
  readonly signatures: Uint8Array;
  /** Where the payloads begin. */
  readonly payloadsOffset: number;
};

/** The first line of every patch. */
export const patchMagic = "EMENDPATCH1\n";

/** What of a patch tells how long its envelope is. */
export const envelopeHeadBytes = 20;

/**
 * The length of the envelope, of which `head` is the beginning, so that a node reads no more before it decides.
 * Throws `patch.format` and `patch.truncated`.
 */
export function envelopeBytes(head: Uint8Array): number {
  const { manifestBytes, signaturesBytes } = readHead(head);
  return envelopeHeadBytes + manifestBytes + signaturesBytes;
}

/** The parts of a patch, as views; `bytes` hold at least the envelope. Throws `patch.format` and `patch.truncated`. */
export function openEnvelope(bytes: Uint8Array): Envelope {
  const { manifestBytes, signaturesBytes } = readHead(bytes);
  const signaturesOffset = envelopeHeadBytes + manifestBytes;
  const payloadsOffset = signaturesOffset + signaturesBytes;
  if (bytes.length < payloadsOffset) {
    throw new EmendError(
      "patch.truncated",
      `expected ${payloadsOffset} bytes of manifest and signatures, found ${bytes.length}`,
    );
  }
  return {
    manifest: bytes.subarray(envelopeHeadBytes, signaturesOffset),
    signatures: bytes.subarray(signaturesOffset, payloadsOffset),
    payloadsOffset,
  };
}

function readHead(bytes: Uint8Array): { manifestBytes: number; signaturesBytes: number } {
  const magic = new TextEncoder().encode(patchMagic);
  if (magic.some((byte, at) => at < bytes.length && bytes[at] !== byte)) {
    throw new EmendError("patch.format", "not a patch: expected it to begin with EMENDPATCH1");
  }
  if (bytes.length < envelopeHeadBytes) {
    throw new EmendError(
      "patch.truncated",
      `expected a head of ${envelopeHeadBytes} bytes, found ${bytes.length}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, envelopeHeadBytes);
  return {
    manifestBytes: checkLength("manifest", view.getUint32(12, true), manifestBytesMax),
    signaturesBytes: checkLength("signatures", view.getUint32(16, true), signaturesBytesMax),
  };
}

/** Before anything of that length is waited for or allocated. */
function checkLength(what: string, length: number, max: number): number {
  if (length >= 1 && length <= max) return length;
  throw new EmendError(
    "patch.format",
    `expected a ${what} block of 1 to ${max} bytes, its head says ${length}`,
  );
}
