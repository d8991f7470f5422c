/** fd_filestat_*, fd_allocate, fd_advise, fd_sync and fd_datasync: size, times and room of an open file. */
import { copyCost, cost } from "../costs.ts";
import type { DirectoryDescriptor, FileDescriptor } from "../descriptor.ts";
import { errno } from "../errno.ts";
import type { OpenNode, Stat } from "../files/index.ts";
import type { WasiHost } from "../host.ts";
import type { Layout } from "../layout.ts";
import { right } from "../rights.ts";
import { descriptorType } from "./descriptor-status.ts";
import { putFilestat, timesOf } from "./filestat.ts";
import { findFile, findNode, findWritableFile } from "./find-descriptor.ts";
import type { HostCalls } from "./host-calls.ts";
import { unsigned64 } from "./integers.ts";

/** The last of `$advice`. */
const adviceMax = 5;

const done = (): number => errno.success;

export const fileStatusCalls = (host: WasiHost, { filestat }: Layout): HostCalls => ({
  /**
   * fd_filestat_get(fd, stat): a stream has a kind and nothing else. Laid out as layout.ts pictures it.
   * EBADF, ENOTCAPABLE, EFAULT, and what the file answers.
   */
  fd_filestat_get: (fd, pointer) => {
    host.charged += cost.call;
    const descriptor = host.descriptors[fd];
    if (descriptor === undefined) return errno.badf;
    if (!(descriptor.rights & right.fdFilestatGet)) return errno.notcapable;
    if (!host.memory.has(pointer, filestat.bytes)) return errno.fault;
    if (descriptor.kind === "stream")
      return putFilestat(host, filestat, pointer, streamStat(descriptorType(descriptor)));
    host.charged += cost.fileOperation;
    return host.complete(nodeOf(descriptor).stat(), (stat) => putFilestat(host, filestat, pointer, stat));
  },

  /**
   * fd_filestat_set_size(fd, size): cuts the file, or fills it up with zeros. The position stays.
   * EBADF, ENOTCAPABLE (also a stream), EISDIR, EROFS, EFBIG (from 2^53 on), ENOSPC, and what the file answers.
   */
  fd_filestat_set_size: (fd, sizeLow, sizeHigh) => {
    host.charged += cost.call + cost.fileOperation;
    const found = findWritableFile(host, fd, right.fdFilestatSetSize, errno.notcapable);
    if (typeof found === "number") return found;
    const size = unsigned64(sizeLow, sizeHigh);
    if (size > Number.MAX_SAFE_INTEGER) return errno.fbig;
    return host.complete(found.file.setSize(size), done);
  },

  /**
   * fd_filestat_set_times(fd, atim, mtim, flags): nanoseconds since 1970, each with its flag, or "now".
   * EBADF, ENOTCAPABLE (also a stream), EROFS, EINVAL (flags), and what the file answers.
   */
  fd_filestat_set_times: (fd, accessedLow, accessedHigh, modifiedLow, modifiedHigh, flags) => {
    host.charged += cost.call + cost.fileOperation;
    const found = findNode(host, fd, right.fdFilestatSetTimes);
    if (typeof found === "number") return found;
    if (found.readOnly) return errno.rofs;
    const times = timesOf(accessedLow, accessedHigh, modifiedLow, modifiedHigh, flags);
    if (typeof times === "number") return times;
    return host.complete(nodeOf(found).setTimes(times), done);
  },

  /**
   * fd_allocate(fd, offset, length): room up to `offset + length`; a shorter file grows to that.
   * EBADF, ENOTCAPABLE (also a stream), EISDIR, EROFS, EINVAL (no length), EFBIG, ENOSPC, and what the file answers.
   */
  fd_allocate: (fd, offsetLow, offsetHigh, lengthLow, lengthHigh) => {
    host.charged += cost.call + cost.fileOperation;
    const found = findWritableFile(host, fd, right.fdAllocate, errno.notcapable);
    if (typeof found === "number") return found;
    const offset = unsigned64(offsetLow, offsetHigh);
    const length = unsigned64(lengthLow, lengthHigh);
    if (length === 0) return errno.inval;
    if (offset + length > Number.MAX_SAFE_INTEGER) return errno.fbig;
    return host.complete(found.file.allocate(offset, length), () => {
      host.charged += copyCost(Math.min(offset + length, 0xffff_ffff));
      return errno.success;
    });
  },

  /**
   * fd_advise(fd, offset, length, advice): a hint that nothing follows from.
   * EBADF, ENOTCAPABLE, EISDIR, ESPIPE (stream), EINVAL (unknown advice).
   */
  fd_advise: (fd, _offsetLow, _offsetHigh, _lengthLow, _lengthHigh, advice) => {
    host.charged += cost.call;
    const found = findFile(host, fd, right.fdAdvise, errno.spipe);
    if (typeof found === "number") return found;
    return advice >>> 0 > adviceMax ? errno.inval : errno.success;
  },

  /** fd_sync(fd): content and metadata are on the disk. EBADF, ENOTCAPABLE (also a stream), and what the file answers. */
  fd_sync: (fd) => {
    host.charged += cost.call + cost.fileOperation;
    const found = findNode(host, fd, right.fdSync);
    if (typeof found === "number") return found;
    return host.complete(nodeOf(found).sync(), done);
  },

  /** fd_datasync(fd): as fd_sync, but only the metadata that reading the content needs. EBADF, ENOTCAPABLE, as fd_sync. */
  fd_datasync: (fd) => {
    host.charged += cost.call + cost.fileOperation;
    const found = findNode(host, fd, right.fdDatasync);
    if (typeof found === "number") return found;
    return host.complete(nodeOf(found).dataSync(), done);
  },
});

function nodeOf(descriptor: FileDescriptor | DirectoryDescriptor): OpenNode {
  return descriptor.kind === "file" ? descriptor.file : descriptor.directory;
}

function streamStat(type: number): Stat {
  const none = 0n;
  return {
    device: none,
    inode: none,
    type,
    links: none,
    sizeBytes: none,
    accessedNs: none,
    modifiedNs: none,
    changedNs: none,
  };
}
