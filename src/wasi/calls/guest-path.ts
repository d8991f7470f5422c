/** Paths in the guest's memory. What a path leads to is the directory's business, not decided here. */
import { cost } from "../costs.ts";
import { errno } from "../errno.ts";
import type { WasiHost } from "../host.ts";
import { limits } from "../limits.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The path of `length` bytes at `pointer`, or why there is none: EFAULT, ENOENT (empty), ENAMETOOLONG, EILSEQ
 * (no UTF-8), EINVAL (a NUL in it).
 */
export function readPath(host: WasiHost, pointer: number, length: number): string | number {
  const size = length >>> 0;
  if (!host.memory.has(pointer, size)) return errno.fault;
  if (size === 0) return errno.noent;
  if (size > limits.pathBytesMax) return errno.nametoolong;
  host.charged += cost.path + size * cost.pathByte;
  const bytes = host.memory.slice(pointer, size);
  if (bytes.includes(0)) return errno.inval;
  try {
    return utf8.decode(bytes);
  } catch (error) {
    // Whatever else it is (a stack that is too deep), no path was at fault.
    if (error instanceof TypeError) return errno.ilseq;
    throw error;
  }
}
