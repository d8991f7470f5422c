/**
 * Where a route answers: `/exact`, `/:param/…` and a trailing `/*`, as in Hono. Of Hono's syntax only what the
 * contract names: optional parameters and `{pattern}`s are refused, so that a path means one thing.
 */

/** What a route's path should have been, or undefined when it is fine. */
export function checkRoutePath(path: string): string | undefined {
  if (!path.startsWith("/")) return 'a path that starts with "/"';
  if (path.length > 1024) return "a path of at most 1024 characters";
  if (!path.isWellFormed() || /\p{Cc}/u.test(path)) return "a path without control characters";
  // A URL's own delimiters never reach a route; a percent sign would leave open which side is decoded.
  const odd = /[?#%\\{}]/.exec(path);
  if (odd !== null) return `a path in its decoded form, without ${odd[0]}`;
  const segments = path.slice(1).split("/");
  const names = new Set<string>();
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === "" && !isLast) return "a path without empty segments";
    if (segment === "." || segment === "..") return `a path without the segment ${segment}, which no URL has`;
    if (segment.includes("*") && !(segment === "*" && isLast))
      return 'a path with "*" only as the last segment';
    if (!segment.startsWith(":")) continue;
    if (!/^:[A-Za-z_][A-Za-z0-9_]*$/.test(segment)) return 'parameters such as ":name" (letters, digits, _)';
    if (names.has(segment)) return `a path that names ${segment} once`;
    names.add(segment);
  }
  return undefined;
}

/** What JSON Schema can say of it. */
export const routePathPattern = "^/[^?#%{}\\\\\\x00-\\x1f]*$";

/** Equal for two paths that match the same requests: names of parameters do not matter. */
export function routeShape(path: string): string {
  return path.replace(/\/:[^/]+/g, "/:");
}
