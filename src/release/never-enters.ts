/**
 * What never enters a release from a directory, whoever names it (release-and-patch, "What enters"): dotfiles
 * except `.well-known/`, secret keys, and directories in which a node keeps its state. A published secret cannot
 * be taken back, so these rules are about names alone and have no option that lifts them.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Why one name of a directory entry never enters, or null. `directory` is where the entry lies. */
export function whyNeverEnters(directory: string, name: string): string | null {
  if (name.startsWith(".") && name !== ".well-known") return "a dotfile";
  if (name.toLowerCase().endsWith(".key")) return "a secret key";
  if (name === "emend-state" || isStateDirectory(join(directory, name))) return "the state of a node";
  return null;
}

/** The same for a path of several segments below `root`: the reason of its first segment that has one. */
export function whyPathNeverEnters(root: string, path: string): string | null {
  let directory = root;
  for (const segment of path.split("/")) {
    const reason = whyNeverEnters(directory, segment);
    if (reason !== null) return reason;
    directory = join(directory, segment);
  }
  return null;
}

/** A node marks its state directory, whatever its name, with its identity. */
export function isStateDirectory(path: string): boolean {
  return existsSync(join(path, "node-id"));
}
