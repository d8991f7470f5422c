/** path_open: how a guest gets every descriptor that it was not given. */
import { cost } from "../costs.ts";
import { type Descriptor, type DirectoryDescriptor, fdFlag } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { OpenDirectory, type OpenFile, type OpenOptions } from "../files/index.ts";
import type { WasiHost } from "../host.ts";
import { allRights, directoryRights, fileRights, right } from "../rights.ts";
import { findDirectory } from "./find-descriptor.ts";
import { readPath } from "./guest-path.ts";
import type { HostCalls } from "./host-calls.ts";
import { followsLinks, isLookup } from "./lookup-flags.ts";

/** `$oflags`. */
const openFlag = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;

interface Asked {
  readonly follow: boolean;
  readonly openFlags: number;
  readonly flags: number;
  readonly rights: number;
  readonly inheriting: number;
}

export const pathOpenCalls = (host: WasiHost): HostCalls => ({
  /**
   * path_open(fd, lookup, path, length, oflags, base, inheriting, fdflags, opened): the lowest free descriptor.
   * Of the rights that are asked for, those are left out that mean nothing on what is opened; writing a file
   * needs fd_write here, whatever else is asked for.
   * ```
   *  opened → u32
   * ```
   * EBADF, ENOTDIR (also a file in the path, or where oflags say directory), ENOTCAPABLE (rights that this
   * directory may not hand on; creating and truncating need their own), EINVAL (unknown flags, creating a
   * directory, a NUL), EFAULT, EILSEQ, ENAMETOOLONG, EMFILE, ENFILE (of all guests below mounts), EROFS, ENOENT,
   * EEXIST (exclusive), EISDIR (a directory for writing), ELOOP (too many symbolic links, or one that is not to be
   * followed), EPERM (a path that leads out), ENOSPC, and what the directory answers.
   */
  path_open: (
    fd,
    lookup,
    path,
    length,
    openFlags,
    base,
    _baseHigh,
    inheriting,
    _inheritingHigh,
    flags,
    out,
  ) => {
    host.charged += cost.call + cost.fileOperation;
    const found = findDirectory(host, fd, right.pathOpen);
    if (typeof found === "number") return found;
    if (!host.memory.has(out, 4)) return errno.fault;
    if (!isLookup(lookup) || openFlags & ~0xf || flags & ~0x1f) return errno.inval;
    const name = readPath(host, path, length);
    if (typeof name === "number") return name;
    const asked = {
      follow: followsLinks(lookup),
      openFlags,
      flags,
      rights: base & allRights,
      inheriting: inheriting & allRights,
    };
    const refusal = refusalOf(found, asked);
    if (refusal !== errno.success) return refusal;
    const free = host.freeDescriptor();
    if (free === undefined) return errno.mfile;
    return host.complete(found.directory.open(name, optionsOf(asked)), (node) => {
      host.descriptors[free] = descriptorOf(node, found, asked);
      host.memory.setU32(out, free);
      return errno.success;
    });
  },
});

function refusalOf(directory: DirectoryDescriptor, { openFlags, rights, inheriting }: Asked): number {
  const { create, directory: onlyDirectory, truncate } = openFlag;
  if ((rights | inheriting) & ~directory.inheriting) return errno.notcapable;
  if (openFlags & create && !(directory.rights & right.pathCreateFile)) return errno.notcapable;
  if (openFlags & truncate && !(directory.rights & right.pathFilestatSetSize)) return errno.notcapable;
  if (openFlags & create && openFlags & onlyDirectory) return errno.inval;
  const changes = openFlags & (create | truncate) || rights & right.fdWrite;
  return changes && directory.readOnly ? errno.rofs : errno.success;
}

function optionsOf({ follow, openFlags, flags, rights }: Asked): OpenOptions {
  const data = flags & (fdFlag.dsync | fdFlag.rsync) ? "data" : "none";
  return {
    follow,
    create: (openFlags & openFlag.create) !== 0,
    exclusive: (openFlags & openFlag.exclusive) !== 0,
    truncate: (openFlags & openFlag.truncate) !== 0,
    directory: (openFlags & openFlag.directory) !== 0,
    read: (rights & right.fdRead) !== 0,
    write: (rights & right.fdWrite) !== 0,
    sync: flags & fdFlag.sync ? "all" : data,
  };
}

function descriptorOf(
  node: OpenFile | OpenDirectory,
  { readOnly }: DirectoryDescriptor,
  asked: Asked,
): Descriptor {
  const { flags, rights, inheriting } = asked;
  if (node instanceof OpenDirectory) {
    const shared = { flags, rights: rights & directoryRights, inheriting, readOnly };
    return { kind: "directory", directory: node, preopenName: undefined, listing: undefined, ...shared };
  }
  const shared = { flags, rights: rights & fileRights, inheriting, readOnly };
  return { kind: "file", file: node, position: 0, ...shared };
}
