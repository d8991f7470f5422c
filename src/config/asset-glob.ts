/**
 * Globs over files: of `[assets]` relative to its directory, of a route's `files` to the site's. Bun.Glob matches them: `*` within a segment, `**`
 * across, `?`, `[a-z]`, `{a,b}`. It takes any text, an unclosed bracket as itself, so the mistakes are found here.
 */

/** What a glob should have been, or undefined when it is fine. */
export function checkGlob(glob: string): string | undefined {
  if (glob === "") return "a glob, not an empty text";
  if (!glob.isWellFormed() || /\p{Cc}/u.test(glob)) return "a glob without control characters";
  if (glob.length > 512) return "a glob of at most 512 characters";
  if (glob.startsWith("/")) return "a relative glob, without a leading /";
  if (glob.startsWith("!")) return "a glob without a leading !, since globs are not subtracted";
  if (glob.split("/").some((segment) => segment === "." || segment === "..")) {
    return "a glob without the segments . and ..";
  }
  return isBalanced(glob) ? undefined : "a glob with its brackets and braces closed";
}

function isBalanced(glob: string): boolean {
  let isInClass = false;
  let depth = 0;
  for (let at = 0; at < glob.length; at++) {
    const character = glob[at];
    if (character === "\\") {
      if (++at === glob.length) return false;
    } else if (isInClass) isInClass = character !== "]";
    else if (character === "[") {
      isInClass = true;
      // A negation, then a bracket that comes first is a member and not the end.
      if (glob[at + 1] === "^" || glob[at + 1] === "!") at++;
      if (glob[at + 1] === "]") at++;
    } else if (character === "{") depth++;
    else if (character === "}" && --depth < 0) return false;
  }
  return depth === 0 && !isInClass;
}
