/** What lies under a name or behind a descriptor. */
import { type BigIntStats, fstatSync } from "node:fs";
import { fileType } from "../../file-type.ts";
import { Failure, type Result } from "../answer.ts";
import type { Stat } from "../open-node.ts";
import { cLibrary } from "./c-library.ts";
import { closeDescriptor, lastFailure, openAt, pathOnly, terminated } from "./system-calls.ts";
import { failureOfThrown } from "./system-errno.ts";

/** Something that was looked at without acting on it, links included. */
export interface Seen extends Disposable {
  readonly stat: Stat;
  /** Stands for it and for nothing else that the name may come to mean. Darwin has no such descriptors. */
  readonly pin: number | undefined;
}

/** Looks at a name in an open directory. */
export function lookAt(directory: number, name: string): Result<Seen> {
  if (pathOnly === 0) return lookAtDarwin(directory, name);
  const pin = openAt(directory, name, pathOnly);
  if (pin instanceof Failure) return pin;
  const stat = statOf(pin);
  if (stat instanceof Failure) {
    closeDescriptor(pin);
    return stat;
  }
  return { stat, pin, [Symbol.dispose]: () => closeDescriptor(pin) };
}

/** Looks at what is open. */
export function statOf(descriptor: number): Result<Stat> {
  let stats: BigIntStats;
  try {
    stats = fstatSync(descriptor, { bigint: true });
  } catch (error) {
    return failureOfThrown(error);
  }
  return {
    device: stats.dev,
    inode: stats.ino,
    type: typeOfMode(Number(stats.mode)),
    links: stats.nlink,
    sizeBytes: stats.size,
    accessedNs: stats.atimeNs,
    modifiedNs: stats.mtimeNs,
    changedNs: stats.ctimeNs,
  };
}

/** S_IFMT, by its four bits. FIFOs (1) and sockets (12) are none of those that preview 1 tells apart by a name. */
const typesByMode: Readonly<Record<number, number>> = {
  2: fileType.characterDevice,
  4: fileType.directory,
  6: fileType.blockDevice,
  8: fileType.regularFile,
  10: fileType.symbolicLink,
};

/** The file type of a `st_mode` or, by its upper bits, of a directory entry (`DTTOIF` of dirent.h). */
export function typeOfMode(mode: number): number {
  return typesByMode[(mode >>> 12) & 0xf] ?? fileType.unknown;
}

/**
 * Darwin's `struct stat` with 64-bit inodes (sys/stat.h):
 *
 *     0 dev u32 | 4 mode u16 | 6 links u16 | 8 inode u64 | 16 …
 *     32 accessed | 48 modified | 64 changed, each seconds i64, nanoseconds i64 | 80 … | 96 size i64 | … 144
 */
function lookAtDarwin(directory: number, name: string): Result<Seen> {
  const view = new DataView(new ArrayBuffer(144));
  const result = cLibrary().fstatat?.(directory, terminated(name), new Uint8Array(view.buffer), 0x20);
  if (result !== 0) return lastFailure();
  const time = (at: number): bigint =>
    view.getBigInt64(at, true) * 1_000_000_000n + view.getBigInt64(at + 8, true);
  const stat = {
    device: BigInt(view.getUint32(0, true)),
    inode: view.getBigUint64(8, true),
    type: typeOfMode(view.getUint16(4, true)),
    links: BigInt(view.getUint16(6, true)),
    sizeBytes: view.getBigInt64(96, true),
    accessedNs: time(32),
    modifiedNs: time(48),
    changedNs: time(64),
  };
  return { stat, pin: undefined, [Symbol.dispose]: () => {} };
}
