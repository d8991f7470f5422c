/** fd_close, fd_renumber, fd_fdstat_*, fd_prestat_*: descriptors themselves, whatever is behind them. */
import { cost } from "../costs.ts";
import { type Descriptor, fdFlag, syncFlags } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { fileType } from "../file-type.ts";
import type { WasiHost } from "../host.ts";
import { allRights, right } from "../rights.ts";
import type { HostCalls } from "./host-calls.ts";

/** `$preopentype`: there is only one. */
const preopenedDirectory = 0;

export const descriptorStatusCalls = (host: WasiHost): HostCalls => ({
  /** fd_close(fd): later calls on it answer EBADF. EBADF. */
  fd_close: (fd) => {
    host.charged += cost.call;
    if (host.descriptors[fd] === undefined) return errno.badf;
    host.replaceDescriptor(fd, undefined);
    return errno.success;
  },

  /** fd_renumber(from, to): `to` is closed and becomes `from`, of whatever kind they are. EBADF for either. */
  fd_renumber: (from, to) => {
    host.charged += cost.call;
    const descriptor = host.descriptors[from];
    if (descriptor === undefined || host.descriptors[to] === undefined) return errno.badf;
    if (from === to) return errno.success;
    host.descriptors[from] = undefined;
    host.replaceDescriptor(to, descriptor);
    return errno.success;
  },

  /**
   * fd_fdstat_get(fd, stat): kind, flags and rights. A terminal is a character device.
   * ```
   *  stat → [filetype u8][pad][flags u16][pad 4][rights u64][inheriting u64]
   * ```
   * EBADF, EFAULT.
   */
  fd_fdstat_get: (fd, pointer) => {
    host.charged += cost.call;
    const descriptor = host.descriptors[fd];
    if (descriptor === undefined) return errno.badf;
    const { memory } = host;
    if (!memory.has(pointer, 24)) return errno.fault;
    memory.fill(pointer, 24, 0);
    memory.setU8(pointer, descriptorType(descriptor));
    memory.setU16((pointer >>> 0) + 2, descriptor.flags);
    memory.setU32((pointer >>> 0) + 8, descriptor.rights);
    memory.setU32((pointer >>> 0) + 16, descriptor.inheriting);
    return errno.success;
  },

  /**
   * fd_fdstat_set_flags(fd, flags): append and non-blocking; a regular file is never waited for, whatever it says.
   * EBADF, ENOTCAPABLE, EINVAL (unknown flags; the sync ones, unless they are as the file was opened).
   */
  fd_fdstat_set_flags: (fd, flags) => {
    host.charged += cost.call;
    const descriptor = host.descriptors[fd];
    if (descriptor === undefined) return errno.badf;
    if (!(descriptor.rights & right.fdFdstatSetFlags)) return errno.notcapable;
    if (flags & ~(fdFlag.append | fdFlag.nonblock | syncFlags)) return errno.inval;
    if ((flags & syncFlags) !== (descriptor.flags & syncFlags)) return errno.inval;
    descriptor.flags = flags;
    return errno.success;
  },

  /** fd_fdstat_set_rights(fd, base, inheriting): rights can only be given away. EBADF, ENOTCAPABLE. */
  fd_fdstat_set_rights: (fd, baseLow, baseHigh, inheritingLow, inheritingHigh) => {
    host.charged += cost.call;
    const descriptor = host.descriptors[fd];
    if (descriptor === undefined) return errno.badf;
    const unknown = ((baseLow | inheritingLow) & ~allRights) | baseHigh | inheritingHigh;
    if (unknown || baseLow & ~descriptor.rights || inheritingLow & ~descriptor.inheriting)
      return errno.notcapable;
    descriptor.rights = baseLow;
    descriptor.inheriting = inheritingLow;
    return errno.success;
  },

  /**
   * fd_prestat_get(fd, prestat): how long a preopened directory's name is.
   * ```
   *  prestat → [type u8, 3 pad][length u32]
   * ```
   * EBADF (also for what was not preopened: so a search for directories ends), EFAULT.
   */
  fd_prestat_get: (fd, pointer) => {
    host.charged += cost.call;
    const name = preopenName(host.descriptors[fd]);
    if (name === undefined) return errno.badf;
    if (!host.memory.has(pointer, 8)) return errno.fault;
    host.memory.setU32(pointer, preopenedDirectory);
    host.memory.setU32((pointer >>> 0) + 4, name.length);
    return errno.success;
  },

  /** fd_prestat_dir_name(fd, path, length): the name, without a NUL. EBADF, ENAMETOOLONG (no room for it), EFAULT. */
  fd_prestat_dir_name: (fd, pointer, length) => {
    host.charged += cost.call;
    const name = preopenName(host.descriptors[fd]);
    if (name === undefined) return errno.badf;
    if (name.length > length >>> 0) return errno.nametoolong;
    if (!host.memory.has(pointer, name.length)) return errno.fault;
    host.memory.slice(pointer, name.length).set(name);
    return errno.success;
  },
});

function preopenName(descriptor: Descriptor | undefined): Uint8Array | undefined {
  return descriptor?.kind === "directory" ? descriptor.preopenName : undefined;
}

/** The `$filetype` of what is behind a descriptor. */
export function descriptorType(descriptor: Descriptor): number {
  if (descriptor.kind === "file") return fileType.regularFile;
  if (descriptor.kind === "directory") return fileType.directory;
  const { isTerminal } = descriptor.input ?? descriptor.output ?? {};
  return isTerminal === true ? fileType.characterDevice : fileType.unknown;
}
