/**
 * Secret keys in minisign's layout. The second line is base64 of 158 bytes:
 *
 *     0    2  "Ed"
 *     2    2  "Sc": encrypted under a passphrase by scrypt; 00 00: not encrypted
 *     4    2  "B2": the checksum is BLAKE2b-256
 *     6   32  salt
 *     38   8  opslimit, u64 little-endian
 *     46   8  memlimit, u64 little-endian
 *     54 104  key number 8 | seed 32 | public key 32 | checksum 32, XOR the stream of scrypt
 *
 * The checksum is over "Ed" | key number | seed | public key. It tells a wrong passphrase; minisign leaves it zero
 * where there is none.
 */
import { blake2b256, randomBytes } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import { type PublicKey, parsePublicKey } from "../trust/index.ts";
import { publicKeyOf } from "./ed25519.ts";
import { defaultScryptLimits, type ScryptLimits, scryptStream } from "./scrypt.ts";

export type SecretKey = {
  /** 8 bytes, as they stand in keys and signatures. */
  readonly number: Uint8Array;
  /** The 32 bytes that are secret (RFC 8032 §5.1.5). */
  readonly seed: Uint8Array;
  readonly publicKey: PublicKey;
};

const layout = { salt: 6, opslimit: 38, memlimit: 46, sealed: 54, end: 158 } as const;
const sealedBytes = layout.end - layout.sealed;

/** A new key pair by the system's generator. */
export function generateKeyPair(): SecretKey {
  return secretKeyOf(randomBytes(8), randomBytes(32));
}

/** The whole text of a `.pub` file. */
export function publicKeyFile({ number, text }: PublicKey): string {
  return `untrusted comment: minisign public key ${number}\n${text}\n`;
}

/** The whole text of a `.key` file; without a passphrase the secret lies in it as it is. */
export function secretKeyFile(
  key: SecretKey,
  passphrase: string | null,
  limits: ScryptLimits = defaultScryptLimits,
): string {
  const bytes = new Uint8Array(layout.end);
  bytes.set(ascii("Ed"), 0);
  bytes.set(ascii("B2"), 4);
  const sealed = bytes.subarray(layout.sealed);
  const secret = new Uint8Array([...key.number, ...key.seed, ...key.publicKey.key]);
  sealed.set(secret);
  sealed.set(checksumOf(secret), secret.length);
  if (passphrase !== null) {
    bytes.set(ascii("Sc"), 2);
    bytes.set(randomBytes(32), layout.salt);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(layout.opslimit, BigInt(limits.opslimit), true);
    view.setBigUint64(layout.memlimit, BigInt(limits.memlimit), true);
    mask(sealed, scryptStream(passphrase, saltOf(bytes), limits, sealedBytes));
  }
  return `untrusted comment: minisign encrypted secret key\n${bytes.toBase64()}\n`;
}

/** Whether a key's text can only be read with a passphrase. Throws `key.format`. */
export function needsPassphrase(text: string): boolean {
  return isEncrypted(decodeFile(text));
}

/**
 * Reads a secret key of `emend keygen` or `minisign -G`. Throws `key.format`, and `key.passphrase` when it needs
 * one or it is not this one. Takes about as long and as much memory as making it did: 4 s and 1 GiB with minisign's.
 */
export function parseSecretKey(text: string, passphrase: string | null = null): SecretKey {
  const bytes = decodeFile(text);
  const encrypted = isEncrypted(bytes);
  const sealed = bytes.slice(layout.sealed);
  if (encrypted) {
    if (passphrase === null)
      throw new EmendError("key.passphrase", "expected a passphrase for the secret key");
    mask(sealed, scryptStream(passphrase, saltOf(bytes), limitsOf(bytes), sealedBytes));
  }
  const secret = sealed.subarray(0, 72);
  const checksum = sealed.subarray(72);
  const unchecked = !encrypted && checksum.every((byte) => byte === 0);
  if (!unchecked && checksumOf(secret).toHex() !== checksum.toHex()) {
    if (encrypted) throw new EmendError("key.passphrase", "not the passphrase of the secret key");
    throw notAKey("its checksum does not fit");
  }
  const key = secretKeyOf(secret.slice(0, 8), secret.slice(8, 40));
  if (key.publicKey.key.toHex() !== secret.subarray(40).toHex()) {
    throw notAKey("its public half does not belong to its secret half");
  }
  return key;
}

function secretKeyOf(number: Uint8Array, seed: Uint8Array): SecretKey {
  const bytes = new Uint8Array([...ascii("Ed"), ...number, ...publicKeyOf(seed)]);
  return { number, seed, publicKey: parsePublicKey(bytes.toBase64()) };
}

function decodeFile(text: string): Uint8Array {
  const [comment = "", line = "", ...rest] = text.trimEnd().split(/\r?\n/);
  if (!comment.startsWith("untrusted comment:") || rest.length > 0) {
    throw notAKey("expected a line of comment and a line of base64");
  }
  const bytes = decodeLine(line);
  if (bytes?.length !== layout.end) throw notAKey(`expected ${layout.end} bytes in base64`);
  if (textOf(bytes, 0) !== "Ed") throw notAKey("expected the algorithm Ed");
  if (textOf(bytes, 4) !== "B2") throw notAKey("expected the checksum algorithm B2");
  return bytes;
}

function decodeLine(line: string): Uint8Array | null {
  try {
    return Uint8Array.fromBase64(line, { lastChunkHandling: "strict" });
  } catch {
    return null;
  }
}

function isEncrypted(bytes: Uint8Array): boolean {
  const algorithm = textOf(bytes, 2);
  if (algorithm === "Sc") return true;
  if (algorithm === "\0\0") return false;
  throw notAKey("expected encryption by scrypt or none");
}

function limitsOf(bytes: Uint8Array): ScryptLimits {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    opslimit: Number(view.getBigUint64(layout.opslimit, true)),
    memlimit: Number(view.getBigUint64(layout.memlimit, true)),
  };
}

function saltOf(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(layout.salt, layout.opslimit);
}

function checksumOf(secret: Uint8Array): Uint8Array {
  return blake2b256(new Uint8Array([...ascii("Ed"), ...secret]));
}

function mask(bytes: Uint8Array, stream: Uint8Array): void {
  for (let at = 0; at < bytes.length; at++) bytes[at]! ^= stream[at]!;
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at]!, bytes[at + 1]!);
}

function notAKey(why: string): EmendError {
  return new EmendError("key.format", `not a minisign secret key: ${why}`);
}
