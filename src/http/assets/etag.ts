/** Entity tags (RFC 9110 §8.8.3): the file's SHA-256, and the coding's name behind it for a coded form. */

/** The strong entity tag of the identity form, or of the form in `coding`. */
export function etagOf(sha256: string, coding?: string): string {
  return coding === undefined ? `"${sha256}"` : `"${sha256}-${coding}"`;
}

/**
 * Whether a field value of If-Match or If-None-Match names `etag`. Tags of ours contain no quotes, so that finding
 * one with its quotes is finding it in the list. A weak mark counts only in the strong comparison of If-Match.
 */
export function listsEtag(fieldValue: string, etag: string, comparison: "weak" | "strong"): boolean {
  if (fieldValue.trim() === "*") return true;
  const isWeak = (at: number) => fieldValue.slice(Math.max(0, at - 2), at) === "W/";
  for (let at = fieldValue.indexOf(etag); at !== -1; at = fieldValue.indexOf(etag, at + etag.length)) {
    if (comparison === "weak" || !isWeak(at)) return true;
  }
  return false;
}
