/**
 * scrypt (RFC 7914) with its cost given as libsodium's opslimit and memlimit, the way minisign writes it into keys.
 */
import { EmendError } from "../errors.ts";

export type ScryptLimits = {
  /** About 4 × N × r × p. */
  readonly opslimit: number;
  /** Bytes. */
  readonly memlimit: number;
};

/** minisign's own (libsodium's SENSITIVE): 1 GiB and about 4 s. */
export const defaultScryptLimits: ScryptLimits = { opslimit: 33_554_432, memlimit: 1_073_741_824 };

const blockSize = 8;

/** `length` bytes from a passphrase. Throws `key.format` for a cost above minisign's own: a key is no way to a crash. */
export function scryptStream(
  passphrase: string,
  salt: Uint8Array,
  limits: ScryptLimits,
  length: number,
): Uint8Array {
  const { logN, parallel } = costOf(limits);
  const memory = 128 * blockSize * (2 ** logN + parallel);
  // Half as much again: what the library counts beside the big array.
  const options = { N: 2 ** logN, r: blockSize, p: parallel, maxmem: memory * 1.5 };
  return process.getBuiltinModule("node:crypto").scryptSync(passphrase, salt, length, options);
}

/** N and p as libsodium's crypto_pwhash_scryptsalsa208sha256 picks them; r is always 8. */
function costOf({ opslimit, memlimit }: ScryptLimits): { logN: number; parallel: number } {
  if (opslimit > defaultScryptLimits.opslimit || memlimit > defaultScryptLimits.memlimit) {
    throw new EmendError(
      "key.format",
      `expected a secret key of at most minisign's own cost, found opslimit ${opslimit} and memlimit ${memlimit}`,
    );
  }
  const operations = Math.max(opslimit, 32_768);
  if (operations < memlimit / 32) return { logN: logOf(operations / (blockSize * 4)), parallel: 1 };
  const logN = logOf(memlimit / (blockSize * 128));
  return { logN, parallel: Math.max(1, Math.floor(operations / 4 / 2 ** logN / blockSize)) };
}

/** The exponent of the first power of two, from 2 on, that is above half of `max`. */
function logOf(max: number): number {
  let log = 1;
  while (2 ** log <= max / 2) log++;
  return log;
}
