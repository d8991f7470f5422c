/**
 * Finds the files below one directory of a site. A symbolic link to a regular file inside the site enters as the
 * file that it leads to. Every other link is refused: one that leads out would publish what the author never put
 * into the site, and links to directories could go round in a circle.
 */
import { lstatSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { checkPath } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import { releaseFilesMax } from "../limits.ts";
import { withIoErrors } from "./io-error.ts";
import { whyNeverEnters, whyPathNeverEnters } from "./never-enters.ts";

/** A file that enters: its path in the release, and where its bytes are, links resolved. */
export type FoundFile = { readonly path: string; readonly file: string };

/** What was passed over, and why, for the list that people read. Directories end in `/`. */
export type LeftOut = { readonly path: string; readonly reason: string };

/** The files below `root`/`path` that are `wanted`. `root` is a real path. Throws `io` and `patch.path`. */
export function walkDirectory(
  root: string,
  path: string,
  leftOut: LeftOut[],
  wanted: (path: string) => boolean = () => true,
): FoundFile[] {
  const found: FoundFile[] = [];
  const pending = [path];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const absolute = join(root, directory);
    for (const name of withIoErrors("read the directory", absolute, () => readdirSync(absolute))) {
      const entry = directory === "" ? name : `${directory}/${name}`;
      const isDirectory = lstat(join(absolute, name))?.isDirectory() === true;
      if (!isDirectory && !wanted(entry)) continue;
      const reason = whyNeverEnters(absolute, name);
      if (reason !== null) leftOut.push({ path: isDirectory ? `${entry}/` : entry, reason });
      else if (isDirectory) pending.push(checkedEntry(entry));
      else found.push(findFile(root, checkedEntry(entry)));
    }
    if (found.length > releaseFilesMax) throw tooManyFiles(root);
  }
  return found;
}

/** One file by its path, which must have passed the path rules. Throws `io` when it is no regular file of the site. */
export function findFile(root: string, path: string): FoundFile {
  const absolute = join(root, path);
  const real = withIoErrors("read", absolute, () => realpathSync(absolute));
  if (real !== absolute) checkLink(root, path, real);
  const stats = withIoErrors("read", real, () => statSync(real));
  if (stats.isFile()) return { path, file: real };
  throw new EmendError("io", `${absolute}: expected a regular file, found ${kindOf(stats)}`);
}

/** A site of more files than a node will list. */
export function tooManyFiles(root: string): EmendError {
  return new EmendError("io", `${root}: expected at most ${releaseFilesMax} files in a site, found more`);
}

function checkLink(root: string, path: string, real: string): void {
  const link = join(root, path);
  if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) {
    throw new EmendError(
      "io",
      `${link}: a symbolic link must stay inside the site, this one leads to ${real}`,
    );
  }
  const reason = whyPathNeverEnters(root, relative(root, real).split(sep).join("/"));
  if (reason !== null) {
    throw new EmendError("io", `${link}: leads to ${real}, which never enters a release (${reason})`);
  }
  if (lstat(real)?.isDirectory() === true) {
    throw new EmendError("io", `${link}: a symbolic link must lead to a file, this one leads to a directory`);
  }
}

function checkedEntry(path: string): string {
  // The runtime decodes names as UTF-8 and puts U+FFFD where that fails; such a name could not be opened again.
  if (path.includes("\ufffd")) {
    throw new EmendError("patch.path", `path ${JSON.stringify(path)}: the name must be valid UTF-8`);
  }
  checkPath(path);
  return path;
}

function lstat(path: string): Stats | undefined {
  return withIoErrors("read", path, () => lstatSync(path, { throwIfNoEntry: false }));
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a directory";
  if (stats.isFIFO()) return "a FIFO";
  if (stats.isSocket()) return "a socket";
  return "a device";
}
