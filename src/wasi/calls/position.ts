/** fd_seek and fd_tell: where the next fd_read or fd_write of a file begins. */
import { cost } from "../costs.ts";
import type { FileDescriptor } from "../descriptor.ts";
import { errno } from "../errno.ts";
import type { WasiHost } from "../host.ts";
import type { Layout } from "../layout.ts";
import { right } from "../rights.ts";
import { findFile } from "./find-descriptor.ts";
import type { HostCalls } from "./host-calls.ts";
import { signed64 } from "./integers.ts";

export const positionCalls = (host: WasiHost, { whence: origin }: Layout): HostCalls => ({
  /**
   * fd_seek(fd, offset, whence, position): moves the position, also beyond the end, and answers it.
   * ```
   *  position → u64
   * ```
   * EBADF, ENOTCAPABLE (asking where it is needs fd_tell alone), EISDIR, ESPIPE (stream), EINVAL (whence, a
   * position below 0), EOVERFLOW (from 2^53 on), EFAULT, and what the file answers when asked for its size.
   */
  fd_seek: (fd, offsetLow, offsetHigh, whence, pointer) => {
    host.charged += cost.call;
    const asks = offsetLow === 0 && offsetHigh === 0 && whence === origin.current;
    const found = findFile(host, fd, asks ? right.fdSeek | right.fdTell : right.fdSeek, errno.spipe);
    if (typeof found === "number") return found;
    if (!host.memory.has(pointer, 8)) return errno.fault;
    const offset = signed64(offsetLow, offsetHigh);
    if (whence === origin.set) return moveTo(host, found, offset, pointer);
    if (whence === origin.current) return moveTo(host, found, found.position + offset, pointer);
    if (whence !== origin.end) return errno.inval;
    host.charged += cost.fileOperation;
    return host.complete(found.file.stat(), ({ sizeBytes }) =>
      moveTo(host, found, Number(sizeBytes) + offset, pointer),
    );
  },

  /** fd_tell(fd, position): u64. EBADF, ENOTCAPABLE, EISDIR, ESPIPE (stream), EFAULT. */
  fd_tell: (fd, pointer) => {
    host.charged += cost.call;
    const found = findFile(host, fd, right.fdTell, errno.spipe);
    if (typeof found === "number") return found;
    if (!host.memory.has(pointer, 8)) return errno.fault;
    host.memory.setU64(pointer, BigInt(found.position));
    return errno.success;
  },
});

function moveTo(host: WasiHost, descriptor: FileDescriptor, position: number, pointer: number): number {
  if (position < 0) return errno.inval;
  if (position > Number.MAX_SAFE_INTEGER) return errno.overflow;
  descriptor.position = position;
  host.memory.setU64(pointer, BigInt(position));
  return errno.success;
}
