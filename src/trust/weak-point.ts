/**
 * Ed25519 points that sign nothing, or everything: those whose order divides 8, in every encoding, and encodings
 * that are not the shortest. OpenSSL and BoringSSL accept them as public keys, and under the identity as a key one
 * signature fits every message. RFC 8032 §5.1.3 refuses the encodings; libsodium, and so minisign, both.
 */

/**
 * The y coordinates of the points of small order, little-endian in hex, their sign bit cleared; libsodium has the
 * same list. The last three are 2^255-20, 2^255-19 and 2^255-18, which are -1, 0 and 1 written too long.
 */
const smallOrderY: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000", // order 4
  "0100000000000000000000000000000000000000000000000000000000000000", // order 1
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // order 8
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", // order 8
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 2
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

/** The prime of the field, 2^255 - 19, little-endian: y must be below it (RFC 8032 §5.1.3 step 1). */
const prime: bigint = 2n ** 255n - 19n;

/** Why 32 bytes are no point that may sign, in words; null when they may be one. */
export function weaknessOfPoint(point: Uint8Array): string | null {
  const y = new Uint8Array(point);
  y[31]! &= 0x7f;
  if (smallOrderY.has(y.toHex())) return "a point of small order, under which anyone can sign";
  if (littleEndian(y) >= prime) return "a point in an encoding that is not canonical";
  return null;
}

/** The number that bytes stand for, least significant first. */
export function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytes.toReversed().toHex()}`);
}
