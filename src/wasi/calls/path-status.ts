/** path_filestat_* and path_readlink: what a name stands for. */
import { copyCost, cost } from "../costs.ts";
import { errno } from "../errno.ts";
import type { WasiHost } from "../host.ts";
import type { Layout } from "../layout.ts";
import { right } from "../rights.ts";
import { putFilestat, timesOf } from "./filestat.ts";
import { findDirectory, findWritableDirectory } from "./find-descriptor.ts";
import { readPath } from "./guest-path.ts";
import type { HostCalls } from "./host-calls.ts";
import { followsLinks, isLookup } from "./lookup-flags.ts";

const utf8 = new TextEncoder();

/**
 * Each call here also answers what a path can be refused for: EBADF, ENOTDIR, ENOTCAPABLE, EFAULT, EINVAL (a
 * NUL), EILSEQ, ENAMETOOLONG, ENOENT, ELOOP, EPERM (it leads out), and what the directory answers.
 */
export const pathStatusCalls = (host: WasiHost, { filestat }: Layout): HostCalls => ({
  /** path_filestat_get(fd, lookup, path, length, stat): laid out as fd_filestat_get. EINVAL (unknown flags). */
  path_filestat_get: (fd, lookup, path, length, pointer) => {
    host.charged += cost.call + cost.fileOperation;
    const found = findDirectory(host, fd, right.pathFilestatGet);
    if (typeof found === "number") return found;
    if (!host.memory.has(pointer, filestat.bytes)) return errno.fault;
    if (!isLookup(lookup)) return errno.inval;
    const name = readPath(host, path, length);
    if (typeof name === "number") return name;
    return host.complete(found.directory.statAt(name, followsLinks(lookup)), (stat) =>
      putFilestat(host, filestat, pointer, stat),
    );
  },

  /** path_filestat_set_times(fd, lookup, path, length, atim, mtim, flags): as fd_filestat_set_times. EINVAL, EROFS. */
  path_filestat_set_times: (fd, lookup, path, length, ...[aLow, aHigh, mLow, mHigh, flags]) => {
    host.charged += cost.call + cost.fileOperation;
    const found = findWritableDirectory(host, fd, right.pathFilestatSetTimes);
    if (typeof found === "number") return found;
    if (!isLookup(lookup)) return errno.inval;
    const times = timesOf(aLow!, aHigh!, mLow!, mHigh!, flags!);
    if (typeof times === "number") return times;
    const name = readPath(host, path, length);
    if (typeof name === "number") return name;
    return host.complete(found.directory.setTimesAt(name, followsLinks(lookup), times), () => errno.success);
  },

  /**
   * path_readlink(fd, path, length, buf, size, used): where a symbolic link leads, cut to the buffer, without a NUL.
   * ```
   *  buf → the target's UTF-8      used → u32
   * ```
   * EINVAL (no symbolic link).
   */
  path_readlink: (fd, path, length, buffer, size, usedPointer) => {
    host.charged += cost.call + cost.fileOperation;
    const found = findDirectory(host, fd, right.pathReadlink);
    if (typeof found === "number") return found;
    const room = size >>> 0;
    if (!host.memory.has(buffer, room) || !host.memory.has(usedPointer, 4)) return errno.fault;
    const name = readPath(host, path, length);
    if (typeof name === "number") return name;
    return host.complete(found.directory.readLink(name), (target) => {
      const bytes = utf8.encode(target).subarray(0, room);
      host.charged += copyCost(bytes.length);
      host.memory.slice(buffer, bytes.length).set(bytes);
      host.memory.setU32(usedPointer, bytes.length);
      return errno.success;
    });
  },
});
