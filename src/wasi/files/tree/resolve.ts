/**
 * Where a path leads in a tree: name by name, so that nothing is looked up that the path does not go through.
 * The directory that it begins in is the top: `..` never leads above it, nor does a symbolic link.
 */
import { errno } from "../../errno.ts";
import { limits } from "../../limits.ts";
import { Failure, leadsOut, type Result } from "../answer.ts";
import { DirectoryNode, LinkNode, type TreeNode } from "./node.ts";

/** Which symbolic link at the end of a path is followed: every one, one with a slash behind it, or none. */
export type Follow = "all" | "slashed" | "none";

/** What a path leads to, if it is there, and where it is or would be. */
export interface Place {
  readonly parent: DirectoryNode;
  /** Undefined where the path names a directory by `.` or `..`: that has no name which could be changed. */
  readonly name: string | undefined;
  readonly node: TreeNode | undefined;
  /** A slash stood at the end. */
  readonly slashed: boolean;
}

const noEntry = Failure.of(errno.noent);

/** ENOENT (a name before the last), ENOTDIR, ELOOP, ENAMETOOLONG, EPERM (it leads out). */
export function resolve(top: DirectoryNode, path: string, follow: Follow): Result<Place> {
  if (path.startsWith("/")) return leadsOut;
  const names = namesOf(path);
  const above: DirectoryNode[] = [];
  let slashed = path.endsWith("/");
  let current = top;
  let [links, expandedLength] = [0, 0];

  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    if (name === ".") continue;
    if (name === "..") {
      const up = above.pop();
      if (up === undefined) return leadsOut;
      current = up;
      continue;
    }
    if (isTooLong(name)) return Failure.of(errno.nametoolong);
    const node = current.entries.get(name);
    const isLast = names.length === 0;
    const stays = !(node instanceof LinkNode) || follow === "none" || (follow === "slashed" && !slashed);
    if (isLast && stays) return { parent: current, name, node, slashed };
    if (node === undefined) return noEntry;
    if (node instanceof LinkNode) {
      const { target } = node;
      if (++links > limits.symbolicLinksMax) return Failure.of(errno.loop);
      if (target.startsWith("/")) return leadsOut;
      expandedLength += target.length;
      if (expandedLength > limits.expandedPathMax) return Failure.of(errno.nametoolong);
      if (isLast && target.endsWith("/")) slashed = true;
      names.push(...namesOf(target));
      continue;
    }
    if (!(node instanceof DirectoryNode)) return Failure.of(errno.notdir);
    above.push(current);
    current = node;
  }
  return { parent: current, name: undefined, node: current, slashed };
}

/** What is there; ENOENT, and ENOTDIR for anything but a directory where a slash stands behind it. */
export function resolveNode(top: DirectoryNode, path: string, follow: Follow): Result<TreeNode> {
  const place = resolve(top, path, follow);
  if (place instanceof Failure) return place;
  const { node, slashed } = place;
  if (node === undefined) return noEntry;
  return slashed && !(node instanceof DirectoryNode) ? Failure.of(errno.notdir) : node;
}

/** The last name first. */
function namesOf(path: string): string[] {
  return path
    .split("/")
    .filter((name) => name !== "")
    .reverse();
}

function isTooLong(name: string): boolean {
  // A letter takes three bytes of UTF-8 at the most.
  return name.length * 3 > limits.nameBytesMax && Buffer.byteLength(name) > limits.nameBytesMax;
}
