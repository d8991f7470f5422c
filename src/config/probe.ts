/** `probe` of a route in site.toml: a request that a release has to answer before it is committed. */
import * as v from "valibot";
import { integer, required, text, withDefault } from "./scalar.ts";
import { dictionary, table } from "./table.ts";

/** A request that tells whether a release works. */
export type ProbeConfig = {
  readonly method: "GET" | "HEAD";
  /** As it stands in a URL: encoded, with its query. */
  readonly path: string;
  /** The lowest and the highest status that are good, both included. */
  readonly status: readonly [min: number, max: number];
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
};

const statusRange = v.pipe(
  v.array(integer(100, 599), "a list of two statuses, the lowest and the highest"),
  v.check(
    ([min, max, ...more]) => min !== undefined && max !== undefined && min <= max && more.length === 0,
    "two statuses, the lowest first",
  ),
  v.transform(([min = 0, max = 0]): readonly [number, number] => [min, max]),
);

/** The table in the file. */
export const probeTable: v.GenericSchema<unknown, ProbeConfig> = v.pipe(
  table("A request of emend itself, before a release is committed; the guest sees EMEND_PROBE=1.", {
    path: required(
      "What is asked for: a path with its query, encoded.",
      text("a path", checkProbePath, "^/"),
    ),
    method: withDefault('"GET" or "HEAD".', v.picklist(["GET", "HEAD"] as const, '"GET" or "HEAD"'), "GET"),
    status: withDefault("The lowest and the highest status that are good.", statusRange, [200, 299]),
    headers: withDefault(
      "Fields of the request, by name.",
      dictionary(
        text("the name of a header", checkProbeHeader),
        text("the value of a header", (value) =>
          /^[\t\x20-\x7e]*$/.test(value) ? undefined : "the value of a header: ASCII without CR, LF or NUL",
        ),
      ),
      {},
    ),
  }),
  v.transform(({ headers, ...file }) => ({
    ...file,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  })),
);

/** What the path of a probe should have been, or undefined when it is fine. */
export function checkProbePath(path: string): string | undefined {
  if (!path.startsWith("/")) return 'a path that starts with "/"';
  if (path.length > 1024) return "a path of at most 1024 characters";
  return /^[!-~]*$/.test(path) && !/[#\\]/.test(path) ? undefined : "a path as it stands in a URL: encoded";
}

/** What the name of a field of a probe should have been, or undefined when it is fine. */
export function checkProbeHeader(name: string): string | undefined {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return "the name of a header";
  return framing.has(name.toLowerCase())
    ? "a header that says nothing about the connection or a body"
    : undefined;
}

/** A probe has no body and no connection. */
const framing: ReadonlySet<string> = new Set([
  ...["connection", "content-length", "expect", "keep-alive", "proxy-connection"],
  ...["te", "trailer", "transfer-encoding", "upgrade"],
]);
