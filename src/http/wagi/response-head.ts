/**
 * The header block that a CGI guest writes, parsed (RFC 3875 §6; `facts` in src/http/wagi/README.md).
 *
 * Values are byte strings (latin-1): what the guest wrote goes out byte for byte, whatever its encoding.
 */

export interface ResponseHead {
  readonly status: number;
  /** In the guest's order, lower-case names; several Set-Cookie stay several. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** What the guest promised with Content-Length, undefined when it did not. */
  readonly contentLength: number | undefined;
  /** Set for a local redirect (RFC 3875 §6.2.2): the path to answer with instead. */
  readonly localRedirect: string | undefined;
  /** Fields that were left out, each with why; for the log. */
  readonly removed: readonly string[];
}

/** A head that must not go out. `reason` says what the guest did; the client gets a 502. */
export interface BadHead {
  readonly reason: string;
}

/** Fields of one header block, the longest that goes out. */
export const headerFieldsMax = 256;

/** `token` of RFC 9110 §5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Everything but tab, space to ~ and the upper half: a CR, NUL or escape must not reach the wire. */
const badValue = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Fields that belong to one connection, which is ours and not the guest's (RFC 9110 §7.6.1). */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
]);

/** Parses a header block: byte string, CRs dropped, without the empty line that ends it. */
export function parseResponseHead(block: string): ResponseHead | BadHead {
  if (block === "") return { reason: "it wrote no header" };
  const lines = block.split("\n");
  if (lines.length > headerFieldsMax)
    return { reason: `it wrote ${lines.length} header fields (at most ${headerFieldsMax})` };

  const fields: [name: string, value: string][] = [];
  const removed: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (line.startsWith(" ") || line.startsWith("\t"))
      return { reason: "it folded a header line, which is obsolete" };
    if (colon < 0) return { reason: `a header line has no colon: ${JSON.stringify(line.slice(0, 80))}` };
    const name = trimBlanks(line.slice(0, colon)).toLowerCase();
    const value = trimBlanks(line.slice(colon + 1));
    if (badValue.test(value))
      return { reason: `the value of ${JSON.stringify(name)} has control characters` };
    if (token.test(name)) fields.push([name, value]);
    else removed.push(`${JSON.stringify(name)} is no header name`);
  }
  return assemble(fields, removed);
}

/** Without spaces and tabs around it. `trim()` would take a byte 0xA0 as well, which ends many a UTF-8 character. */
function trimBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function assemble(fields: readonly [string, string][], removed: string[]): ResponseHead | BadHead {
  let status: number | undefined;
  let contentType: string | undefined;
  let contentLength: string | undefined;
  let location: string | undefined;
  const named = connectionNames(fields);
  const headers: [string, string][] = [];
  for (const field of fields) {
    const [name, value] = field;
    if (hopByHop.has(name) || named.has(name)) {
      removed.push(`${name} belongs to the connection`);
      continue;
    }
    if (name === "status") {
      const parsed = parseStatus(value);
      if (parsed === undefined)
        return { reason: `its status is ${JSON.stringify(value)} (200 to 599 is allowed)` };
      if (status !== undefined && status !== parsed) return { reason: "it wrote two different statuses" };
      status = parsed;
      continue;
    }
    if (name === "content-type") {
      if (contentType === value) continue;
      if (contentType !== undefined) return { reason: "it wrote two different content types" };
      contentType = value;
    } else if (name === "content-length") {
      if (contentLength !== undefined && contentLength !== value)
        return { reason: "it wrote two different content lengths" };
      contentLength = value;
      continue;
    } else if (name === "location") {
      if (location === value) continue;
      if (location !== undefined) return { reason: "it wrote two different locations" };
      location = value;
    }
    headers.push(field);
  }
  if (status === undefined && contentType === undefined && location === undefined) {
    return { reason: "it wrote none of content-type, status and location" };
  }
  if (contentLength !== undefined && !/^\d{1,15}$/.test(contentLength)) {
    return { reason: `its content length is ${JSON.stringify(contentLength)}` };
  }
  return {
    status: status ?? (location === undefined ? 200 : 302),
    headers,
    contentLength: contentLength === undefined ? undefined : Number(contentLength),
    localRedirect: location?.startsWith("/") && fields.length === 1 ? location : undefined,
    removed,
  };
}

/** What `Connection` names belongs to the connection as well. */
function connectionNames(fields: readonly (readonly [string, string])[]): Set<string> {
  const names = new Set<string>();
  for (const [name, value] of fields) {
    if (name !== "connection") continue;
    for (const each of value.split(",")) names.add(each.trim().toLowerCase());
  }
  return names;
}

function parseStatus(value: string): number | undefined {
  const digits = /^(\d{3})(?: |$)/.exec(value)?.[1];
  const status = Number(digits);
  return status >= 200 && status <= 599 ? status : undefined;
}
