/** A private tree that a guest may write to, such as its `/tmp`. It costs a few objects until something is in it. */
import { wallClockNs } from "../../wall-clock.ts";
import type { OpenDirectory } from "../open-directory.ts";
import { DirectoryNode } from "./node.ts";
import { TreeDirectory } from "./tree-directory.ts";
import { Volume } from "./volume.ts";

/**
 * An empty tree. Content, names and nodes together take at most `bytesMax`, ENOSPC beyond; a file that has
 * neither a name nor a descriptor takes nothing, and neither does a gap that was never written.
 */
export function createScratch(bytesMax: number): OpenDirectory {
  const root = new DirectoryNode(new Volume(bytesMax, false), wallClockNs());
  root.links = 1;
  return new TreeDirectory(root);
}
