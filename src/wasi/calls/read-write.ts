/** fd_read, fd_write, fd_pread and fd_pwrite: bytes in and out of streams and files. */
import { copyCost, cost } from "../costs.ts";
import { type FileDescriptor, fdFlag, type StreamDescriptor } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { andThen } from "../files/index.ts";
import type { Register, WasiHost } from "../host.ts";
import { limits } from "../limits.ts";
import { right } from "../rights.ts";
import { closed, type Output, wouldBlock } from "../stream.ts";
import { findFile, findWritableFile } from "./find-descriptor.ts";
import type { HostCalls } from "./host-calls.ts";
import { unsigned64 } from "./integers.ts";
import { checkVectors, readVectors, vectorSize } from "./io-vectors.ts";
import { transfer } from "./transfer.ts";

export const readWriteCalls = (host: WasiHost): HostCalls => ({
  /**
   * fd_read(fd, iovs, count, nread): fills the buffers in order, as far as bytes are there. A stream is waited
   * for until it has the first; a file is read from the descriptor's position, which moves on.
   * ```
   *  iovs → [buf u32][len u32] …      nread → u32
   * ```
   * EBADF, ENOTCAPABLE, EISDIR, EINVAL (too many buffers, 4 GiB in them), EFAULT, EAGAIN (non-blocking stream), and EIO and
   * what else the stream or the file answers.
   */
  fd_read: (fd, vectors, count, readPointer) => {
    host.charged += cost.call;
    const descriptor = host.descriptors[fd];
    if (descriptor === undefined) return errno.badf;
    if (descriptor.kind === "directory") return errno.isdir;
    if (!(descriptor.rights & right.fdRead)) return errno.notcapable;
    const bad = checkVectors(host, vectors, count, readPointer);
    if (bad !== errno.success) return bad;
    if (descriptor.kind === "stream") return readStream(host, descriptor, vectors, count, readPointer);
    return readOn(host, descriptor, vectors, count, readPointer);
  },

  /**
   * fd_write(fd, iovs, count, nwritten): hands over all bytes (guests exist that ignore a short count). A stream
   * is waited for as often as that takes; a file is written at the descriptor's position, or at its end with
   * the append flag, and the position moves behind the last byte. Laid out as fd_read.
   * EBADF, ENOTCAPABLE, EISDIR, EROFS, EINVAL (too many buffers, 4 GiB in them), EFAULT, EAGAIN (non-blocking stream, nothing
   * taken), EPIPE (stream), and ENOSPC, EFBIG, EDQUOT, EIO and what else the stream or the file answers.
   */
  fd_write: (fd, vectors, count, writtenPointer) => {
    host.charged += cost.call;
    const descriptor = host.descriptors[fd];
    if (descriptor === undefined) return errno.badf;
    if (descriptor.kind === "directory") return errno.isdir;
    if (!(descriptor.rights & right.fdWrite)) return errno.notcapable;
    const bad = checkVectors(host, vectors, count, writtenPointer);
    if (bad !== errno.success) return bad;
    if (descriptor.kind === "stream") return writeStream(host, descriptor, vectors, count, writtenPointer);
    if (descriptor.readOnly) return errno.rofs;
    return writeOn(host, descriptor, vectors, count, writtenPointer);
  },

  /**
   * fd_pread(fd, iovs, count, offset, nread): as fd_read at an offset; the position stays.
   * EBADF, ENOTCAPABLE, EISDIR, ESPIPE (stream), EINVAL (too many buffers, offset from 2^53 on), EFAULT, and
   * what the file answers.
   */
  fd_pread: (fd, vectors, count, offsetLow, offsetHigh, readPointer) => {
    host.charged += cost.call;
    const found = findFile(host, fd, right.fdRead, errno.spipe);
    if (typeof found === "number") return found;
    const bad = checkVectors(host, vectors, count, readPointer);
    if (bad !== errno.success) return bad;
    const offset = unsigned64(offsetLow, offsetHigh);
    if (offset > Number.MAX_SAFE_INTEGER) return errno.inval;
    return readFile(host, found, vectors, count, offset, (total) => putCount(host, readPointer, total));
  },

  /**
   * fd_pwrite(fd, iovs, count, offset, nwritten): as fd_write at an offset; the position stays. With the append
   * flag the bytes go to the end all the same, as on Linux.
   * EBADF, ENOTCAPABLE, EISDIR, EROFS, ESPIPE (stream), EINVAL (too many buffers, 4 GiB in them), EFAULT, EFBIG
   * (offset from 2^53 on), ENOSPC, and what else the file answers.
   */
  fd_pwrite: (fd, vectors, count, offsetLow, offsetHigh, writtenPointer) => {
    host.charged += cost.call;
    const found = findWritableFile(host, fd, right.fdWrite, errno.spipe);
    if (typeof found === "number") return found;
    const bad = checkVectors(host, vectors, count, writtenPointer);
    if (bad !== errno.success) return bad;
    const offset = unsigned64(offsetLow, offsetHigh);
    if (offset > Number.MAX_SAFE_INTEGER) return errno.fbig;
    return writeFile(host, found, vectors, count, offset, (total) => putCount(host, writtenPointer, total));
  },
});

// Of the calls apart, so that those on streams, which every request makes, allocate no closure.

/** Reads at the descriptor's position and moves it. */
function readOn(
  host: WasiHost,
  descriptor: FileDescriptor,
  vectors: number,
  count: number,
  readPointer: number,
): number {
  return readFile(host, descriptor, vectors, count, descriptor.position, (total) => {
    descriptor.position += total;
    return putCount(host, readPointer, total);
  });
}

/** Writes at the descriptor's position and moves it. */
function writeOn(
  host: WasiHost,
  descriptor: FileDescriptor,
  vectors: number,
  count: number,
  writtenPointer: number,
): number {
  return writeFile(host, descriptor, vectors, count, descriptor.position, (total, endOffset) => {
    if (total > 0) descriptor.position = endOffset;
    return putCount(host, writtenPointer, total);
  });
}

function putCount(host: WasiHost, pointer: number, total: number): number {
  host.memory.setU32(pointer, total);
  return errno.success;
}

function readFile(
  host: WasiHost,
  { file }: FileDescriptor,
  vectors: number,
  count: number,
  offset: number,
  finish: (total: number) => number,
): number {
  const list = readVectors(host, vectors, count);
  return transfer(host, list, (piece, before) => file.read(piece, offset + before), finish);
}

function writeFile(
  host: WasiHost,
  { file, flags }: FileDescriptor,
  vectors: number,
  count: number,
  offset: number,
  finish: (total: number, endOffset: number) => number,
): number {
  const list = readVectors(host, vectors, count);
  const appends = (flags & fdFlag.append) !== 0;
  let end = offset;
  return transfer(
    host,
    list,
    (piece, before) =>
      andThen(file.write(piece, appends ? undefined : offset + before), (written) => {
        end = written.endOffset;
        return written.count;
      }),
    (total) => finish(total, end),
  );
}

function readStream(
  host: WasiHost,
  descriptor: StreamDescriptor,
  vectors: number,
  count: number,
  readPointer: number,
): number {
  const { input } = descriptor;
  if (input === undefined) return errno.notcapable;
  const { memory } = host;
  let total = 0;
  for (let at = vectors >>> 0, end = at + count * vectorSize; at < end; at += vectorSize) {
    const length = memory.u32(at + 4);
    if (length === 0) continue;
    const start = memory.u32(at);
    const got = input.read(memory.bytes, start, start + length);
    if (got === wouldBlock) {
      if (total > 0) break;
      if (descriptor.flags & fdFlag.nonblock) return errno.again;
      return host.waitFor((wake) => input.wait(wake));
    }
    if (got === closed) {
      if (total > 0) break;
      return input.failure ?? errno.io;
    }
    total += got;
    if (got < length) break;
  }
  host.charged += copyCost(total);
  memory.setU32(readPointer, total);
  return errno.success;
}

function writeStream(
  host: WasiHost,
  descriptor: StreamDescriptor,
  vectors: number,
  count: number,
  writtenPointer: number,
): number {
  const { output } = descriptor;
  if (output === undefined) return errno.notcapable;
  const { memory } = host;
  // Behind a wait the call begins anew, and what went out before it must not go out twice.
  const before = host.pendingBytes;
  let total = 0;
  for (let at = vectors >>> 0, end = at + count * vectorSize; at < end; at += vectorSize) {
    const length = memory.u32(at + 4);
    let start = 0;
    if (total < before) {
      start = Math.min(before - total, length);
      total += start;
    }
    while (start < length) {
      const size = Math.min(limits.pieceBytes, length - start);
      const from = memory.u32(at) + start;
      const taken = output.write(memory.bytes, from, from + size);
      if (taken !== size) return endShort(host, descriptor, output, total, taken, writtenPointer);
      start += size;
      total += size;
      if (total - before >= limits.pieceBytes && host.shouldYield()) return goOnLater(host, total, nextTurn);
    }
  }
  host.pendingBytes = 0;
  host.charged += copyCost(total - before);
  memory.setU32(writtenPointer, total);
  return errno.success;
}

/** What follows on a write that an output did not take whole; `total` bytes went out before it. */
function endShort(
  host: WasiHost,
  { flags }: StreamDescriptor,
  output: Output,
  total: number,
  taken: number,
  writtenPointer: number,
): number {
  const went = total + Math.max(0, taken);
  const waits = !(flags & fdFlag.nonblock) || output.alwaysWaits;
  if (taken !== closed && waits) return goOnLater(host, went, (wake) => output.wait(wake));
  host.charged += copyCost(went - host.pendingBytes);
  host.pendingBytes = 0;
  if (taken === closed) return output.failure ?? errno.pipe;
  if (went === 0) return errno.again;
  host.memory.setU32(writtenPointer, went);
  return errno.success;
}

/** Waits, and then goes on behind the first `total` bytes. */
function goOnLater(host: WasiHost, total: number, register: Register): number {
  host.charged += copyCost(total - host.pendingBytes);
  host.pendingBytes = total;
  return host.waitFor(register);
}

const nextTurn: Register = (wake) => void setImmediate(wake);
