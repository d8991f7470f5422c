/** The calls that make, move and remove names. */
import { cost } from "../costs.ts";
import { errno } from "../errno.ts";
import type { Answer, OpenDirectory } from "../files/index.ts";
import type { WasiHost } from "../host.ts";
import { right } from "../rights.ts";
import { findWritableDirectory } from "./find-descriptor.ts";
import { readPath } from "./guest-path.ts";
import type { HostCall, HostCalls } from "./host-calls.ts";
import { followsLinks, isLookup } from "./lookup-flags.ts";

/**
 * Each call here also answers what a path can be refused for: EBADF, ENOTDIR, ENOTCAPABLE, EFAULT, EINVAL (a
 * NUL), EILSEQ, ENAMETOOLONG, ENOENT, ELOOP, EPERM (it leads out), then EROFS, ENOSPC, and what the directory
 * answers. None writes to the guest's memory.
 */
export const pathChangeCalls = (host: WasiHost): HostCalls => ({
  /** path_create_directory(fd, path, length): EEXIST. */
  path_create_directory: onPath(host, right.pathCreateDirectory, (directory, path) =>
    directory.createDirectory(path),
  ),

  /** path_remove_directory(fd, path, length): ENOTDIR, ENOTEMPTY, EBUSY (a mount point), EINVAL (`x/.`). */
  path_remove_directory: onPath(host, right.pathRemoveDirectory, (directory, path) =>
    directory.removeDirectory(path),
  ),

  /** path_unlink_file(fd, path, length): a symbolic link is not followed. EISDIR. */
  path_unlink_file: onPath(host, right.pathUnlinkFile, (directory, path) => directory.unlinkFile(path)),

  /**
   * path_rename(fd, path, length, newFd, newPath, newLength): takes the place of what is there.
   * EISDIR, ENOTDIR and ENOTEMPTY (for what is there), EINVAL (into itself), EBUSY, EXDEV.
   */
  path_rename: (fd, path, length, newFd, newPath, newLength) => {
    host.charged += cost.call + cost.fileOperation;
    const from = findWritableDirectory(host, fd, right.pathRenameSource);
    if (typeof from === "number") return from;
    const to = findWritableDirectory(host, newFd, right.pathRenameTarget);
    if (typeof to === "number") return to;
    const oldName = readPath(host, path, length);
    if (typeof oldName === "number") return oldName;
    const newName = readPath(host, newPath, newLength);
    if (typeof newName === "number") return newName;
    return host.complete(from.directory.rename(oldName, to.directory, newName), done);
  },

  /**
   * path_link(fd, lookup, path, length, newFd, newPath, newLength): a second name for a file.
   * EEXIST, EPERM (a directory), EINVAL (unknown flags), EMLINK, EXDEV.
   */
  path_link: (fd, lookup, path, length, newFd, newPath, newLength) => {
    host.charged += cost.call + cost.fileOperation;
    const from = findWritableDirectory(host, fd, right.pathLinkSource);
    if (typeof from === "number") return from;
    const to = findWritableDirectory(host, newFd, right.pathLinkTarget);
    if (typeof to === "number") return to;
    if (!isLookup(lookup)) return errno.inval;
    const oldName = readPath(host, path, length);
    if (typeof oldName === "number") return oldName;
    const newName = readPath(host, newPath, newLength);
    if (typeof newName === "number") return newName;
    return host.complete(from.directory.link(oldName, followsLinks(lookup), to.directory, newName), done);
  },

  /**
   * path_symlink(target, targetLength, fd, path, length): the target is kept as it is, and resolved when it is used.
   * EEXIST, EPERM (an absolute target, which would lead out).
   */
  path_symlink: (target, targetLength, fd, path, length) => {
    host.charged += cost.call + cost.fileOperation;
    const found = findWritableDirectory(host, fd, right.pathSymlink);
    if (typeof found === "number") return found;
    const text = readPath(host, target, targetLength);
    if (typeof text === "number") return text;
    const name = readPath(host, path, length);
    if (typeof name === "number") return name;
    return host.complete(found.directory.symlink(text, name), done);
  },
});

const done = (): number => errno.success;

/** A call of a descriptor and one path. */
function onPath(
  host: WasiHost,
  needed: number,
  act: (directory: OpenDirectory, path: string) => Answer<undefined>,
): HostCall {
  return (fd, path, length) => {
    host.charged += cost.call + cost.fileOperation;
    const found = findWritableDirectory(host, fd!, needed);
    if (typeof found === "number") return found;
    const name = readPath(host, path!, length!);
    if (typeof name === "number") return name;
    return host.complete(act(found.directory, name), done);
  };
}
