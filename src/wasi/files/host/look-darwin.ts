/** What lies under a name, on Darwin, which has no descriptors that only stand for a place. */
import type { Result } from "../answer.ts";
import { cLibrary } from "./c-library.ts";
import type { Seen } from "./look.ts";
import { typeOfMode } from "./mode.ts";
import { lastFailure, terminated } from "./system-calls.ts";

/**
 * Darwin's `struct stat` with 64-bit inodes (sys/stat.h):
 *
 *     0 dev u32 | 4 mode u16 | 6 links u16 | 8 inode u64 | 16 …
 *     32 accessed | 48 modified | 64 changed, each seconds i64, nanoseconds i64 | 80 … | 96 size i64 | … 144
 */
export function lookAtDarwin(directory: number, name: string): Result<Seen> {
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
