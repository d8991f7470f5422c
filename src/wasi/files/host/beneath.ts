/**
 * From an open directory to another one below it, whatever happens to the tree meanwhile. Symbolic links on the way
 * are followed; a link or a `..` that would leave the directory, and any absolute link, answers `leadsOut`.
 */
import { constants } from "node:fs";
import { errno } from "../../errno.ts";
import { limits } from "../../limits.ts";
import { Failure, leadsOut, type Result } from "../answer.ts";
import { cLibrary } from "./c-library.ts";
import {
  closeDescriptor,
  openDirectoryAt,
  pathOnly,
  readLinkAt,
  retried,
  system,
  terminated,
} from "./system-calls.ts";

/**
 * Opens the directory at a path below `root`. A path has names, `.`, `..` and links in any order; it is not empty.
 * The descriptor is the caller's.
 */
export type OpenBeneath = (root: number, path: string) => Result<number>;

/** The kernel's own way where it has one, else step by step. */
export const openBeneath: OpenBeneath = (root, path) => askKernel(root, path) ?? walkBeneath(root, path);

// openat2(2): uapi/linux/openat2.h
const [noMagicLinks, beneath] = [0x02n, 0x08n];
const closeOnExec = 0x8_0000;

/** Whether openat2 is there: not before Linux 5.6, and not where a sandbox refuses what it does not know. */
let kernelResolves = process.platform === "linux";

/** One openat2; undefined where the answer has to be found otherwise. */
function askKernel(root: number, path: string): Result<number> | undefined {
  const { openat2, errno: last } = cLibrary();
  if (!kernelResolves || openat2 === undefined) return undefined;
  const flags = BigInt(pathOnly | constants.O_DIRECTORY | closeOnExec);
  const how = BigUint64Array.of(flags, 0n, beneath | noMagicLinks);
  const bytes = terminated(path);
  for (let attempt = 0; attempt < limits.racesMax; attempt++) {
    const result = retried(() => openat2(root, bytes, how));
    if (typeof result === "number") return result;
    switch (last[0]) {
      case system.ENOSYS:
      case system.EPERM:
        kernelResolves = false;
        return undefined;
      case system.EXDEV:
        return leadsOut;
      // Something was renamed or mounted meanwhile, and the kernel cannot tell whether `..` is still below.
      case system.EAGAIN:
        break;
      default:
        return result;
    }
  }
  return undefined;
}

/**
 * Name by name. Nothing is opened that is a link, and `..` goes back to a directory that this walk came through, so
 * renames and swaps at any moment lead nowhere else.
 */
export const walkBeneath: OpenBeneath = (root, path) => {
  if (Buffer.byteLength(path) >= limits.pathBytesMax) return Failure.of(errno.nametoolong);
  const trail: number[] = [];
  try {
    const failure = walk(root, path, trail);
    if (failure !== undefined) return failure;
    return trail.pop() ?? openDirectoryAt(root, ".");
  } finally {
    for (const directory of trail) closeDescriptor(directory);
  }
};

/** Leaves on `trail` the directories below `root` that lead to the last one. */
function walk(root: number, path: string, trail: number[]): Failure | undefined {
  const ahead = namesOf(path);
  let links = 0;
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    if (name === "..") {
      const left = trail.pop();
      if (left === undefined) return leadsOut;
      closeDescriptor(left);
      continue;
    }
    const here = trail.at(-1) ?? root;
    const next = openDirectoryAt(here, name);
    if (!(next instanceof Failure)) {
      trail.push(next);
      continue;
    }
    // What O_NOFOLLOW says of a link together with O_DIRECTORY.
    if (next.errno !== errno.notdir && next.errno !== errno.loop) return next;
    const target = readLinkAt(here, name);
    if (target instanceof Failure) return target.errno === errno.inval ? Failure.of(errno.notdir) : target;
    if (++links > limits.symbolicLinksMax) return Failure.of(errno.loop);
    if (target.startsWith("/")) return leadsOut;
    ahead.push(...namesOf(target));
  }
  return undefined;
}

/** The names of a path, the first one last. */
function namesOf(path: string): string[] {
  return path
    .split("/")
    .filter((name) => name !== "" && name !== ".")
    .reverse();
}
