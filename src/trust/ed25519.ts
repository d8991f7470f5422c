/**
 * Verifying Ed25519 signatures (RFC 8032 §5.1.7) by node:crypto, with the checks that libraries leave open, so that
 * a signature is good here exactly when minisign says so.
 */
import { littleEndian, weaknessOfPoint } from "./weak-point.ts";

/** The order of the base point, L (RFC 8032 §5.1). */
const groupOrder: bigint = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;

/**
 * Whether `signature` (64 bytes) over `message` was made with the secret of `key` (32 bytes). Never throws for
 * input: bytes that are no signature or no point have signed nothing.
 */
export function isSignedBy(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (key.length !== 32 || signature.length !== 64) return false;
  const commitment = signature.subarray(0, 32);
  if (weaknessOfPoint(key) !== null || weaknessOfPoint(commitment) !== null) return false;
  // RFC 8032 §5.1.7 step 1: S + L would be a second signature over the same message.
  if (littleEndian(signature.subarray(32)) >= groupOrder) return false;
  return nodeCrypto().verify(null, message, publicKeyObject(key), signature);
}

function publicKeyObject(key: Uint8Array): import("node:crypto").KeyObject {
  const x = key.toBase64({ alphabet: "base64url", omitPadding: true });
  return nodeCrypto().createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}

/** Loaded with the first signature: it takes as long as everything else between exec and the first answer. */
function nodeCrypto(): typeof import("node:crypto") {
  return process.getBuiltinModule("node:crypto");
}
