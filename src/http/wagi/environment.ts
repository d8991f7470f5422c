/**
 * The CGI environment of a request (RFC 3875 §4.1, and Wagi's additions): `NAME=value` byte strings.
 *
 * The site's own variables come first and the built-in ones win. REMOTE_IDENT and NPH are not supported.
 */
import { isUtf8 } from "node:buffer";
import { toByteString } from "../../wasi/index.ts";
import type { RequestTarget } from "../request-target.ts";

export interface EnvironmentSource {
  readonly request: Request;
  readonly target: RequestTarget;
  /** The route's pattern, with its wildcard. */
  readonly pattern: string;
  /** Segments of the pattern before its wildcard; undefined for an exact pattern. */
  readonly scriptSegments: number | undefined;
  readonly siteEnv: Readonly<Record<string, string>>;
  /** Of the client, without a port. */
  readonly address: string;
  /** Decimal, "0" without a body, "" when it is not known. */
  readonly contentLength: string;
}

/** What stands in place of a value that is not UTF-8. */
const corrupt = "CORRUPT VALUE";

/** Never handed to a guest: credentials are the host's, and HTTP_PROXY would redirect a guest's own requests. */
const withheld = new Set(["authorization", "connection", "proxy"]);

/** The environment as a list of `NAME=value`. */
export function guestEnvironment(source: EnvironmentSource): string[] {
  const { request, target } = source;
  const { headers } = request;
  const [scriptName, rawPathInfo] = splitPath(target.path, source.scriptSegments);
  const pathInfo = utf8OrCorrupt(decode(rawPathInfo));
  const { host, port } = splitAuthority(target);
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(source.siteEnv)) {
    variables[toByteString(name)] = toByteString(value);
  }
  headers.forEach((value, name) => {
    if (withheld.has(name)) return;
    variables[`HTTP_${name.toUpperCase().replaceAll("-", "_")}`] = utf8OrCorrupt(value);
  });
  Object.assign(variables, {
    AUTH_TYPE: "",
    CONTENT_LENGTH: source.contentLength,
    CONTENT_TYPE: utf8OrCorrupt(headers.get("content-type") ?? ""),
    GATEWAY_INTERFACE: "CGI/1.1",
    PATH_INFO: pathInfo,
    X_RAW_PATH_INFO: rawPathInfo,
    PATH_TRANSLATED: pathInfo,
    QUERY_STRING: toByteString(target.query),
    REMOTE_ADDR: source.address,
    REMOTE_HOST: source.address,
    REMOTE_USER: "",
    REQUEST_METHOD: request.method,
    SCRIPT_NAME: utf8OrCorrupt(decode(scriptName)),
    SERVER_NAME: host,
    SERVER_PORT: port,
    SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_SOFTWARE: "WAGI/1",
    X_MATCHED_ROUTE: toByteString(source.pattern),
    X_FULL_URL: toByteString(
      `${target.scheme}://${host}:${port}${target.path}${target.query === "" ? "" : `?${target.query}`}`,
    ),
  });
  return Object.entries(variables).map(([name, value]) => `${name}=${value}`);
}

/**
 * Cuts a path into script name and path info. `/foo/*` has one segment before its wildcard, so
 * `/foo/x/y` becomes `/foo` and `/x/y`; an exact pattern takes it all.
 */
export function splitPath(path: string, scriptSegments: number | undefined): readonly [string, string] {
  if (scriptSegments === undefined) return [path, ""];
  let end = 0;
  for (let i = 0; i < scriptSegments && end >= 0; i++) end = path.indexOf("/", end + 1);
  if (scriptSegments === 0) end = 0;
  return end < 0 ? [path, ""] : [path.slice(0, end), path.slice(end)];
}

function splitAuthority(target: RequestTarget): { readonly host: string; readonly port: string } {
  const match = /^(.*?)(?::(\d+))?$/.exec(target.authority);
  const host = match?.[1] ?? target.authority;
  return { host, port: match?.[2] ?? (target.scheme === "https" ? "443" : "80") };
}

function decode(path: string): string {
  if (!path.includes("%")) return path;
  return path.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function utf8OrCorrupt(value: string): string {
  for (let i = 0; i < value.length; i++) {
    if (value.charCodeAt(i) > 0x7f) return isUtf8(Buffer.from(value, "latin1")) ? value : corrupt;
  }
  return value;
}
