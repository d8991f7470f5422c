/**
 * Where a request goes, as it was written: `request.url` cut into its parts without `new URL`, which
 * would cost more than everything else here. Bun has resolved dot segments and backslashes already.
 */

export interface RequestTarget {
  /** `host` or `host:port` of the Host header; never empty. */
  readonly authority: string;
  /** Path, percent-encoded as it came, beginning with a slash. */
  readonly path: string;
  /** Query without its question mark, "" without one. */
  readonly query: string;
  readonly scheme: "http" | "https";
}

/** Cuts an absolute http(s) URL; undefined when it is none, as for a request without a usable Host. */
export function parseTarget(url: string): RequestTarget | undefined {
  const secure = url.startsWith("https://");
  if (!secure && !url.startsWith("http://")) return undefined;
  const authorityStart = secure ? 8 : 7;
  const pathStart = url.indexOf("/", authorityStart);
  if (pathStart <= authorityStart) return undefined;
  const queryStart = url.indexOf("?", pathStart);
  return {
    authority: url.slice(authorityStart, pathStart),
    path: queryStart < 0 ? url.slice(pathStart) : url.slice(pathStart, queryStart),
    query: queryStart < 0 ? "" : url.slice(queryStart + 1),
    scheme: secure ? "https" : "http",
  };
}

/**
 * Percent-decodes to a byte string (one character a byte); undefined for a bad escape or a NUL, which
 * neither a file name nor an environment can carry.
 */
export function decodePath(path: string): string | undefined {
  if (!path.includes("%")) return path;
  let bad = false;
  const decoded = path.replace(/%([0-9a-fA-F]{2})?/g, (_, hex: string | undefined) => {
    if (hex === undefined || hex === "00") bad = true;
    return hex === undefined ? "" : String.fromCharCode(Number.parseInt(hex, 16));
  });
  return bad ? undefined : decoded;
}
