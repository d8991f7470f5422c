/**
 * SHA-256 of a file on disk, read in pieces so that 200 MB need no 200 MB of memory, with the proof that the file
 * stood still meanwhile and a cheap test, for later, that it still does.
 */

import { type BigIntStats, closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { createSha256 } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import { withIoErrors } from "./io-error.ts";

/** Large enough that system calls do not count, small enough to give way after half a millisecond. */
const pieceBytes = 1024 * 1024;

/** What was read. `unchanged` compares inode, size and modification time with those of the bytes that were hashed. */
export type HashedFile = {
  readonly size: number;
  readonly sha256: string;
  readonly unchanged: () => boolean;
};

/** Hashes one file. Throws `io` when it cannot be read and `release.changed` when it is written to meanwhile. */
export async function hashFile(file: string): Promise<HashedFile> {
  const descriptor = withIoErrors("read", file, () => openSync(file, "r"));
  try {
    const before = fstatSync(descriptor, { bigint: true });
    const hash = createSha256();
    const piece = new Uint8Array(Math.min(pieceBytes, Number(before.size) + 1));
    let size = 0;
    for (;;) {
      const read = withIoErrors("read", file, () => readSync(descriptor, piece));
      if (read === 0) break;
      hash.update(piece.subarray(0, read));
      size += read;
      if (read === pieceBytes) await new Promise((resolve) => setImmediate(resolve));
    }
    if (BigInt(size) !== before.size || !isSame(before, fstatSync(descriptor, { bigint: true }))) {
      throw new EmendError("release.changed", `${file}: was written to while it was read; try again`);
    }
    return { size, sha256: hash.hex(), unchanged: () => isSame(before, currentStats(file)) };
  } finally {
    closeSync(descriptor);
  }
}

function currentStats(file: string): BigIntStats | undefined {
  try {
    return statSync(file, { bigint: true });
  } catch {
    return undefined; // gone, or no longer reachable: either way not the file that was hashed
  }
}

function isSame(a: BigIntStats, b: BigIntStats | undefined): boolean {
  return b !== undefined && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs;
}
