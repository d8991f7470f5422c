/**
 * The CGI environment of a request (RFC 3875 §4.1, and Wagi's additions): `NAME=value` byte strings.
 *
 * The site's own variables come first and the built-in ones win. REMOTE_IDENT and NPH are not supported.
 */
import { isUtf8 } from "node:buffer";
import { toByteString } from "../../wasi/index.ts";
import { decodePath, type RequestTarget } from "../request-target.ts";

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
const withheld = new Set(["HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION", "HTTP_CONNECTION", "HTTP_PROXY"]);

/** What every request has. A site's variable with such a name gives way. */
const builtIn = new Set([
  ...["AUTH_TYPE", "CONTENT_LENGTH", "CONTENT_TYPE", "GATEWAY_INTERFACE", "PATH_INFO", "PATH_TRANSLATED"],
  ...["QUERY_STRING", "REMOTE_ADDR", "REMOTE_HOST", "REMOTE_USER", "REQUEST_METHOD", "SCRIPT_NAME"],
  ...["SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "SERVER_SOFTWARE"],
  ...["X_FULL_URL", "X_MATCHED_ROUTE", "X_RAW_PATH_INFO"],
]);

/**
 * The environment as a list of `NAME=value`: the header fields as HTTP_*, but for Authorization,
 * Proxy-Authorization, Connection and Proxy, and each name once.
 */
export function guestEnvironment(source: EnvironmentSource): string[] {
  const { request, target, address, siteEnv } = source;
  const variables: string[] = [];
  let repeats = false;
  for (const name in siteEnv) {
    variables.push(`${toByteString(name)}=${toByteString(siteEnv[name]!)}`);
    if (name.startsWith("HTTP_") || builtIn.has(name)) repeats = true;
  }
  let contentType = "";
  request.headers.forEach((value, field) => {
    const header = headerVariable(field);
    if (header === undefined) return;
    const checked = utf8OrCorrupt(value);
    variables.push(header.start + checked);
    if (header.repeats) repeats = true;
    if (field === "content-type") contentType = checked;
  });

  const [scriptName, rawPathInfo] = splitPath(target.path, source.scriptSegments);
  const pathInfo = utf8OrCorrupt(decoded(rawPathInfo));
  const { host, port } = splitAuthority(target);
  const query = toByteString(target.query);
  const url = `${target.scheme}://${host}:${port}${target.path}`;
  variables.push(
    "AUTH_TYPE=",
    `CONTENT_LENGTH=${source.contentLength}`,
    `CONTENT_TYPE=${contentType}`,
    "GATEWAY_INTERFACE=CGI/1.1",
    `PATH_INFO=${pathInfo}`,
    `X_RAW_PATH_INFO=${rawPathInfo}`,
    `PATH_TRANSLATED=${pathInfo}`,
    `QUERY_STRING=${query}`,
    `REMOTE_ADDR=${address}`,
    `REMOTE_HOST=${address}`,
    "REMOTE_USER=",
    `REQUEST_METHOD=${request.method}`,
    `SCRIPT_NAME=${utf8OrCorrupt(decoded(scriptName))}`,
    `SERVER_NAME=${host}`,
    `SERVER_PORT=${port}`,
    "SERVER_PROTOCOL=HTTP/1.1",
    "SERVER_SOFTWARE=WAGI/1",
    `X_MATCHED_ROUTE=${toByteString(source.pattern)}`,
    `X_FULL_URL=${toByteString(target.query === "" ? url : `${url}?${target.query}`)}`,
  );
  return repeats ? lastOfEach(variables) : variables;
}

interface HeaderVariable {
  /** `HTTP_NAME=` */
  readonly start: string;
  /** Whether another field may have the same variable: `x_a` and `x-a`, several `set-cookie`. */
  readonly repeats: boolean;
}

/** Variables of fields that were seen, undefined for what is withheld. Clients send whatever they like: few are kept. */
const headerVariables = new Map<string, HeaderVariable | undefined>();
const [keptFields, keptFieldChars] = [256, 64];

function headerVariable(field: string): HeaderVariable | undefined {
  const known = headerVariables.get(field);
  if (known !== undefined || headerVariables.has(field)) return known;
  const name = `HTTP_${field.toUpperCase().replaceAll("-", "_")}`;
  const repeats = field.includes("_") || field === "set-cookie";
  const made = withheld.has(name) ? undefined : { start: `${name}=`, repeats };
  if (headerVariables.size < keptFields && field.length <= keptFieldChars) headerVariables.set(field, made);
  return made;
}

/** Of variables with the same name the last, where the first one stood. */
function lastOfEach(variables: readonly string[]): string[] {
  const byName = new Map<string, string>();
  for (const variable of variables) byName.set(variable.slice(0, variable.indexOf("=")), variable);
  return [...byName.values()];
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

/** The port is what follows the last colon if that is decimal: `[::1]` has none. */
function splitAuthority({ authority, scheme }: RequestTarget): {
  readonly host: string;
  readonly port: string;
} {
  const colon = authority.lastIndexOf(":");
  if (colon >= 0 && /^\d+$/.test(authority.slice(colon + 1)))
    return { host: authority.slice(0, colon), port: authority.slice(colon + 1) };
  return { host: authority, port: scheme === "https" ? "443" : "80" };
}

/** A bad escape was answered with 400 before there was an environment. */
function decoded(path: string): string {
  return decodePath(path) ?? "";
}

function utf8OrCorrupt(value: string): string {
  for (let i = 0; i < value.length; i++) {
    if (value.charCodeAt(i) > 0x7f) return isUtf8(Buffer.from(value, "latin1")) ? value : corrupt;
  }
  return value;
}
