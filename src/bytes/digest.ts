/**
 * SHA-256, as lower-case hexadecimal, and the BLAKE2b digests of minisign. By Bun's own hasher and not by node:crypto: loading that takes as long
 * as everything else between exec and the first answer (src/RATIONALE.md).
 */

/** A digest that is fed piece by piece. */
export interface Sha256 {
  update(data: Uint8Array | string): void;
  /** Ends it: 64 lower-case hexadecimal digits. */
  hex(): string;
}

export function createSha256(): Sha256 {
  const hasher = new Bun.CryptoHasher("sha256");
  return {
    update: (data) => {
      hasher.update(data);
    },
    hex: () => hasher.digest("hex"),
  };
}

/** SHA-256 of some bytes or of a text's UTF-8. */
export function sha256Hex(data: Uint8Array | string): string {
  return new Bun.CryptoHasher("sha256").update(data).digest("hex");
}

/** BLAKE2b with a digest of 64 bytes, without a key (RFC 7693): what minisign signs. */
export function blake2b512(data: Uint8Array): Uint8Array {
  return new Bun.CryptoHasher("blake2b512").update(data).digest();
}

/** BLAKE2b with a digest of 32 bytes: the checksum in minisign's secret keys. */
export function blake2b256(data: Uint8Array): Uint8Array {
  return new Bun.CryptoHasher("blake2b256").update(data).digest();
}
