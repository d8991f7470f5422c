/** Where a path ends: an open directory and a name in it, the name not looked up yet. */
import { errno } from "../../errno.ts";
import { limits } from "../../limits.ts";
import { Failure, leadsOut, type Result } from "../answer.ts";
import type { OpenBeneath } from "./beneath.ts";
import { closeDescriptor, readLinkAt } from "./system-calls.ts";

export interface Place extends Disposable {
  readonly directory: number;
  /** One name. `.` where the path ends in `.` or `..`: the directory itself. */
  readonly name: string;
  /** Whether the path says by its end that it means a directory. */
  readonly meansDirectory: boolean;
}

/**
 * Finds the place of a path below `root`.
 *
 * @param follow Whether a symbolic link that lies there is followed; one before a trailing slash always is.
 */
export function locate(root: number, path: string, follow: boolean, openBeneath: OpenBeneath): Result<Place> {
  let rest = path;
  for (let links = 0; links <= limits.symbolicLinksMax; links++) {
    const place = locateUnfollowed(root, rest, openBeneath);
    if (place instanceof Failure || place.name === "." || !(follow || place.meansDirectory)) return place;
    const target = readLinkAt(place.directory, place.name);
    // No link, or none that can be read: whatever is done there says what is wrong.
    if (target instanceof Failure) return place;
    place[Symbol.dispose]();
    if (target.startsWith("/")) return leadsOut;
    rest = `${split(rest).parent}${target}${place.meansDirectory ? "/" : ""}`;
  }
  return Failure.of(errno.loop);
}

/** Finds the place of a path below `root`, and leaves what lies there alone. */
export function locateUnfollowed(root: number, path: string, openBeneath: OpenBeneath): Result<Place> {
  if (path === "") return Failure.of(errno.noent);
  if (path.startsWith("/")) return leadsOut;
  const { parent, name, meansDirectory } = split(path);
  if (parent === "") return { directory: root, name, meansDirectory, [Symbol.dispose]: () => {} };
  const directory = openBeneath(root, parent);
  if (directory instanceof Failure) return directory;
  return { directory, name, meansDirectory, [Symbol.dispose]: () => closeDescriptor(directory) };
}

interface Split {
  /** With the slash at its end, or empty. */
  readonly parent: string;
  readonly name: string;
  readonly meansDirectory: boolean;
}

function split(path: string): Split {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  const start = path.lastIndexOf("/", end - 1) + 1;
  const name = path.slice(start, end);
  if (name === "." || name === "..") return { parent: path, name: ".", meansDirectory: true };
  return { parent: path.slice(0, start), name, meansDirectory: end < path.length };
}
