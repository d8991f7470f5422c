/** Names and values of response headers that an author may set (RFC 9110, sections 5.1 and 5.5). */

/** What the name of a header should have been, or undefined when it is fine. */
export function checkHeaderName(name: string): string | undefined {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return "the name of a header";
  if (owned.has(name.toLowerCase())) return "a header that emend does not set itself";
  return undefined;
}

/** What the value of a header should have been, or undefined when it is fine. */
export function checkHeaderValue(value: string): string | undefined {
  // ASCII only: what the octets above mean depends on the reader, and Headers would refuse half of Unicode.
  return /^[\t\x20-\x7e]*$/.test(value) ? undefined : "the value of a header: ASCII without CR, LF or NUL";
}

/** Framing, validators and encoding of a message: another value would make the response a lie. */
const owned: ReadonlySet<string> = new Set([
  "accept-ranges",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "etag",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-emend-release",
]);
