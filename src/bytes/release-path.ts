/**
 * The path rules of a release (release-and-patch, Identity): relative, `/` between segments, NFC, no empty,
 * `.` or `..` segment, no NUL, control character or backslash, at most 512 bytes of UTF-8, and no two paths
 * of one release equal when case is folded (they would be one file on half of the world's disks).
 */
import { EmendError } from "../errors.ts";
import { pathBytesMax } from "../limits.ts";

/** Refuses a path that breaks a rule with `patch.path`, naming the path and the rule. */
export function checkPath(path: string): void {
  const broken = brokenRule(path);
  if (broken !== null) throw new EmendError("patch.path", `path ${quote(path)}: ${broken}`);
}

/** Checks each path and that no two are equal when case is folded. Throws `patch.path`. */
export function checkPaths(paths: Iterable<string>): void {
  const seen = new Map<string, string>();
  for (const path of paths) {
    checkPath(path);
    const folded = foldCase(path);
    const twin = seen.get(folded);
    if (twin === path) throw new EmendError("patch.path", `path ${quote(path)}: listed twice`);
    if (twin !== undefined) {
      throw new EmendError("patch.path", `path ${quote(path)}: equal to ${quote(twin)} when case is folded`);
    }
    seen.set(folded, path);
  }
}

/** The rule that a path breaks, in words, or null. */
function brokenRule(path: string): string | null {
  // Lone surrogates come first: they have no UTF-8, so nothing after this line would be about the same bytes.
  if (!path.isWellFormed()) return "must be valid Unicode";
  const bytes = Buffer.byteLength(path);
  if (bytes > pathBytesMax) return `must be at most ${pathBytesMax} bytes of UTF-8, is ${bytes}`;
  if (/\p{Cc}/u.test(path)) return "must not hold NUL or control characters";
  if (path.includes("\\")) return "must not hold a backslash";
  if (path.startsWith("/")) return "must be relative";
  if (path !== path.normalize("NFC")) return "must be in Unicode normal form C";
  for (const segment of path.split("/")) {
    if (segment === "") return "must not be empty or hold an empty segment";
    if (segment === "." || segment === "..") return `must not hold the segment ${segment}`;
  }
  return null;
}

/**
 * Full case folding by way of upper case, where ß is SS and ſ is S; JavaScript has no folding of its own. It is
 * coarser than Unicode's (ı meets i): two names that some disk would take for one are always caught.
 */
function foldCase(path: string): string {
  return path.toUpperCase().toLowerCase().normalize("NFC");
}

/** A path for a message: quoted, with control characters escaped so that a terminal shows and does not obey them. */
function quote(path: string): string {
  const shown = path.length > 200 ? `${path.slice(0, 200)}…` : path;
  return JSON.stringify(shown).replace(/[\x7f-\x9f]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}
