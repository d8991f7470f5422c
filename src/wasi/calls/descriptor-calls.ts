/** fd_*: what can be asked of a descriptor. Streams answer; files come with filesystems. */
import { type Descriptor, fdFlag, fileType, right } from "../descriptor.ts";
import { errno } from "../errno.ts";
import type { WasiHost } from "../host.ts";
import type { Layout } from "../layout.ts";
import { limits } from "../limits.ts";
import { closed, wouldBlock } from "../stream.ts";
import type { HostCall, HostCalls } from "./host-calls.ts";

/** Size of an `$iovec` / `$ciovec` in bytes: pointer u32, length u32. */
const vectorSize = 8;

export const descriptorCalls = (host: WasiHost, { filestat }: Layout): HostCalls => ({
  /**
   * fd_read(fd, iovs, count, nread): fills the buffers in order, as far as bytes are there; waits for the first.
   * ```
   *  iovs → [buf u32][len u32] …      nread → u32
   * ```
   * EBADF, ENOTCAPABLE, EINVAL (too many buffers), EFAULT, EAGAIN (non-blocking).
   */
  fd_read: (fd, vectors, count, readPointer) => {
    const descriptor = host.descriptors[fd];
    if (descriptor === undefined) return errno.badf;
    const { input } = descriptor;
    if (input === undefined || !(descriptor.rights & right.fdRead)) return errno.notcapable;
    const bad = checkVectors(host, vectors, count, readPointer);
    if (bad !== errno.success) return bad;

    const { memory } = host;
    let total = 0;
    for (let at = vectors >>> 0, end = at + count * vectorSize; at < end; at += vectorSize) {
      const length = memory.u32(at + 4);
      if (length === 0) continue;
      const got = input.read(memory.slice(memory.u32(at), length));
      if (got === wouldBlock) {
        if (total > 0) break;
        if (descriptor.flags & fdFlag.nonblock) return errno.again;
        return host.waitFor((wake) => input.wait(wake));
      }
      total += got;
      if (got < length) break;
    }
    memory.setU32(readPointer, total);
    return errno.success;
  },

  /**
   * fd_write(fd, iovs, count, nwritten): hands over all bytes (guests exist that ignore a short count) and
   * waits as often as that takes. Laid out as fd_read.
   * EBADF, ENOTCAPABLE, EINVAL (too many buffers), EFAULT, EAGAIN (non-blocking, nothing taken), EPIPE.
   */
  fd_write: (fd, vectors, count, writtenPointer) => {
    const descriptor = host.descriptors[fd];
    if (descriptor === undefined) return errno.badf;
    const { output } = descriptor;
    if (output === undefined || !(descriptor.rights & right.fdWrite)) return errno.notcapable;
    const bad = checkVectors(host, vectors, count, writtenPointer);
    if (bad !== errno.success) return bad;

    const { memory } = host;
    // Behind a wait the call begins anew, and what went out before it must not go out twice.
    let skip = host.pendingWriteBytes;
    let total = 0;
    for (let at = vectors >>> 0, end = at + count * vectorSize; at < end; at += vectorSize) {
      const length = memory.u32(at + 4);
      const start = Math.min(skip, length);
      skip -= start;
      total += start;
      if (start === length) continue;
      const taken = output.write(memory.slice(memory.u32(at) + start, length - start));
      if (taken === closed) {
        host.pendingWriteBytes = 0;
        return errno.pipe;
      }
      if (taken > 0) total += taken;
      if (taken === length - start) continue;
      if (descriptor.flags & fdFlag.nonblock) {
        if (total === 0) return errno.again;
        break;
      }
      host.pendingWriteBytes = total;
      return host.waitFor((wake) => output.wait(wake));
    }
    host.pendingWriteBytes = 0;
    memory.setU32(writtenPointer, total);
    return errno.success;
  },

  /** fd_close(fd): later calls on it answer EBADF. EBADF. */
  fd_close: (fd) => {
    if (host.descriptors[fd] === undefined) return errno.badf;
    host.descriptors[fd] = undefined;
    return errno.success;
  },

  /**
   * fd_fdstat_get(fd, stat): kind, flags and rights.
   * ```
   *  stat → [filetype u8][pad][flags u16][pad 4][rights u64][inheriting u64]
   * ```
   * EBADF, EFAULT.
   */
  fd_fdstat_get: (fd, pointer) => {
    const descriptor = host.descriptors[fd];
    if (descriptor === undefined) return errno.badf;
    if (!host.memory.has(pointer, 24)) return errno.fault;
    host.memory.fill(pointer, 24, 0);
    host.memory.setU8(pointer, fileType.unknown);
    host.memory.setU16((pointer >>> 0) + 2, descriptor.flags);
    host.memory.setU32((pointer >>> 0) + 8, descriptor.rights);
    return errno.success;
  },

  /** fd_fdstat_set_flags(fd, flags): EBADF, ENOTCAPABLE, EINVAL (unknown flags, or the sync ones on a stream). */
  fd_fdstat_set_flags: (fd, flags) =>
    withRight(host, fd, right.fdFdstatSetFlags, (descriptor) => {
      if (flags & ~(fdFlag.append | fdFlag.nonblock)) return errno.inval;
      descriptor.flags = flags;
      return errno.success;
    }),

  /** fd_fdstat_set_rights(fd, base, inheriting): rights can only be given away. EBADF, ENOTCAPABLE. */
  fd_fdstat_set_rights: (fd, baseLow, baseHigh, inheritingLow, inheritingHigh) => {
    const descriptor = host.descriptors[fd];
    if (descriptor === undefined) return errno.badf;
    if (baseLow & ~descriptor.rights || baseHigh || inheritingLow || inheritingHigh) return errno.notcapable;
    descriptor.rights = baseLow;
    return errno.success;
  },

  /**
   * fd_filestat_get(fd, stat): a stream has a kind and nothing else. Laid out as layout.ts pictures it.
   * EBADF, ENOTCAPABLE, EFAULT.
   */
  fd_filestat_get: (fd, pointer) =>
    withRight(host, fd, right.fdFilestatGet, () => {
      if (!host.memory.has(pointer, filestat.bytes)) return errno.fault;
      host.memory.fill(pointer, filestat.bytes, 0);
      host.memory.setU8((pointer >>> 0) + 16, fileType.unknown);
      return errno.success;
    }),

  /** fd_renumber(from, to): `to` is closed and becomes `from`. EBADF for either. */
  fd_renumber: (from, to) => {
    const descriptor = host.descriptors[from];
    if (descriptor === undefined || host.descriptors[to] === undefined) return errno.badf;
    host.descriptors[from] = undefined;
    host.descriptors[to] = descriptor;
    return errno.success;
  },

  /** fd_prestat_get(fd, prestat): nothing is preopened, so every search for directories ends here. EBADF. */
  fd_prestat_get: () => errno.badf,
  /** fd_prestat_dir_name(fd, path, length): as fd_prestat_get. EBADF. */
  fd_prestat_dir_name: () => errno.badf,

  fd_seek: onStream(host, errno.spipe),
  fd_tell: onStream(host, errno.spipe),
  fd_pread: onStream(host, errno.spipe),
  fd_pwrite: onStream(host, errno.spipe),
  fd_advise: onStream(host, errno.spipe),
  fd_allocate: onStream(host, errno.notcapable),
  fd_datasync: onStream(host, errno.notcapable),
  fd_sync: onStream(host, errno.notcapable),
  fd_readdir: onStream(host, errno.notdir),
  fd_filestat_set_size: onStream(host, errno.notcapable),
  fd_filestat_set_times: onStream(host, errno.notcapable),

  sock_accept: onStream(host, errno.notsock),
  sock_recv: onStream(host, errno.notsock),
  sock_send: onStream(host, errno.notsock),
  sock_shutdown: onStream(host, errno.notsock),

  path_create_directory: onStream(host, errno.notdir),
  path_filestat_get: onStream(host, errno.notdir),
  path_filestat_set_times: onStream(host, errno.notdir),
  path_link: onStream(host, errno.notdir),
  path_open: onStream(host, errno.notdir),
  path_readlink: onStream(host, errno.notdir),
  path_remove_directory: onStream(host, errno.notdir),
  path_rename: onStream(host, errno.notdir),
  path_symlink: (_path, _length, fd) => (host.descriptors[fd] !== undefined ? errno.notdir : errno.badf),
  path_unlink_file: onStream(host, errno.notdir),
});

/** A call whose first parameter is a descriptor and that no stream can do: `answer`, or EBADF. */
function onStream(host: WasiHost, answer: number): HostCall {
  return (fd) => (host.descriptors[fd!] !== undefined ? answer : errno.badf);
}

function withRight(
  host: WasiHost,
  fd: number,
  needed: number,
  act: (descriptor: Descriptor) => number,
): number {
  const descriptor = host.descriptors[fd];
  if (descriptor === undefined) return errno.badf;
  return descriptor.rights & needed ? act(descriptor) : errno.notcapable;
}

/** All buffers must be inside the memory before the first byte moves. */
function checkVectors(host: WasiHost, vectors: number, count: number, resultPointer: number): number {
  const { memory } = host;
  if (count >>> 0 > limits.ioVectorsMax) return errno.inval;
  if (!memory.has(vectors, count * vectorSize) || !memory.has(resultPointer, 4)) return errno.fault;
  for (let at = vectors >>> 0, end = at + count * vectorSize; at < end; at += vectorSize) {
    if (!memory.has(memory.u32(at), memory.u32(at + 4))) return errno.fault;
  }
  return errno.success;
}
