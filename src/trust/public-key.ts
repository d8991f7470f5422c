/**
 * Public keys in minisign's layout: two lines, or the second alone. Base64 of 42 bytes:
 *
 *     0   2  "Ed"
 *     2   8  key number: selects a key, proves nothing
 *     10 32  Ed25519 public key
 */
import { EmendError } from "../errors.ts";
import { decodeBase64 } from "./base64.ts";
import { weaknessOfPoint } from "./weak-point.ts";

export type PublicKey = {
  /** 16 hexadecimal digits, as minisign prints them. */
  readonly number: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** The line `RWQ…`. */
  readonly text: string;
};

const comment = "untrusted comment:";

/**
 * Reads a public key: a line `RWQ…`, or a whole .pub file. Throws `key.format`, also for keys of small order,
 * under which anyone can sign.
 */
export function parsePublicKey(text: string): PublicKey {
  const line = keyLine(text);
  const bytes = decodeBase64(line, 42);
  if (bytes === null) throw notAKey(`expected 56 characters of base64, found ${line.length}`);
  if (bytes[0] !== 0x45 || bytes[1] !== 0x64) throw notAKey("expected the algorithm Ed");
  const key = bytes.subarray(10);
  const weakness = weaknessOfPoint(key);
  if (weakness !== null) throw notAKey(`its point is ${weakness}`);
  return { number: keyNumberText(bytes.subarray(2, 10)), key, text: line };
}

/** Key numbers are a little-endian u64 that is printed as a number. */
export function keyNumberText(number: Uint8Array): string {
  return number.toReversed().toHex().toUpperCase();
}

/** Operators paste keys and edit files: white space around the lines is theirs and not the key's. */
function keyLine(text: string): string {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (lines[0]?.startsWith(comment)) lines.shift();
  if (lines.length !== 1) throw notAKey(`expected one line of base64, found ${lines.length} lines`);
  return lines[0]!;
}

function notAKey(why: string): EmendError {
  return new EmendError("key.format", `not a minisign public key: ${why}`);
}
