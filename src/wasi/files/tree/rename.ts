/** rename(2) in a tree: all or nothing. */
import { errno } from "../../errno.ts";
import { Failure, type Result } from "../answer.ts";
import { DirectoryNode, type TreeNode } from "./node.ts";
import type { Place } from "./resolve.ts";

/** ENOENT, EBUSY, ENOTDIR, EISDIR, ENOTEMPTY, EINVAL, ENOSPC. */
export function renameNode(source: Place, target: Place): Result<undefined> {
  const { parent: from, name: oldName, node } = source;
  const { parent: to, name: newName, node: replaced } = target;
  if (node === undefined) return Failure.of(errno.noent);
  if (oldName === undefined || newName === undefined) return Failure.of(errno.busy);
  const slashed = source.slashed || target.slashed;
  if (slashed && !(node instanceof DirectoryNode)) return Failure.of(errno.notdir);
  if (to.links === 0) return Failure.of(errno.noent);
  if (node === replaced) return undefined;
  if (node instanceof DirectoryNode && to.isWithin(node)) return Failure.of(errno.inval);
  if (replaced !== undefined) {
    const refusal = refusalToReplace(node, replaced);
    if (refusal !== undefined) return refusal;
    to.remove(newName, replaced);
  }
  // What was replaced left room enough; otherwise nothing has changed yet.
  if (!to.add(newName, node)) return Failure.of(errno.nospc);
  from.remove(oldName, node);
  if (node instanceof DirectoryNode) node.parent = to;
  return undefined;
}

function refusalToReplace(node: TreeNode, replaced: TreeNode): Failure | undefined {
  if (!(node instanceof DirectoryNode))
    return replaced instanceof DirectoryNode ? Failure.of(errno.isdir) : undefined;
  if (!(replaced instanceof DirectoryNode)) return Failure.of(errno.notdir);
  return replaced.entries.size > 0 ? Failure.of(errno.notempty) : undefined;
}
