/** Where a guest sees a mounted directory. */

/** For schemas that are read elsewhere; `checkGuestPath` is stricter. */
export const guestPathPattern = "^/";

/** What the path of a mount should have been, or undefined when it is fine. */
export function checkGuestPath(path: string): string | undefined {
  if (!path.isWellFormed() || /\p{Cc}/u.test(path)) return "a path without control characters";
  if (!path.startsWith("/")) return "an absolute path, such as /data";
  if (path === "/") return undefined;
  const segments = path.slice(1).split("/");
  if (segments.some((segment) => segment === "" || segment === "." || segment === ".."))
    return "a path without empty segments, . and .., and without a trailing /";
  if (segments[0] === "site" || segments[0] === "tmp")
    return "a path outside of /site and /tmp, which are the release's files and the guest's own scratch";
  return undefined;
}
