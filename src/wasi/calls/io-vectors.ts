/** Lists of buffers in the guest's memory: `$iovec_array` and `$ciovec_array`, which look alike. */
import { cost } from "../costs.ts";
import { errno } from "../errno.ts";
import type { WasiHost } from "../host.ts";
import { limits } from "../limits.ts";

/** Size of an `$iovec` / `$ciovec` in bytes: pointer u32, length u32. */
export const vectorSize = 8;

/** One buffer. */
export interface Vector {
  readonly pointer: number;
  readonly length: number;
}

/** What a count of bytes holds. */
const totalMax = 0xffff_ffff;

/** All buffers must be inside the memory before the first byte moves. EINVAL (too many, 4 GiB in all), EFAULT. */
export function checkVectors(host: WasiHost, vectors: number, count: number, resultPointer: number): number {
  const { memory } = host;
  if (count >>> 0 > limits.ioVectorsMax) return errno.inval;
  if (!memory.has(vectors, count * vectorSize) || !memory.has(resultPointer, 4)) return errno.fault;
  host.charged += count * cost.vector;
  let total = 0;
  for (let at = vectors >>> 0, end = at + count * vectorSize; at < end; at += vectorSize) {
    const length = memory.u32(at + 4);
    if (!memory.has(memory.u32(at), length)) return errno.fault;
    total += length;
  }
  return total > totalMax ? errno.inval : errno.success;
}

/** Copies a checked list, so that bytes which are read over it change nothing; empty buffers are left out. */
export function readVectors(host: WasiHost, vectors: number, count: number): Vector[] {
  const { memory } = host;
  const list: Vector[] = [];
  for (let at = vectors >>> 0, end = at + count * vectorSize; at < end; at += vectorSize) {
    const length = memory.u32(at + 4);
    if (length > 0) list.push({ pointer: memory.u32(at), length });
  }
  return list;
}
