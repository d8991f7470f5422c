/** Log lines for people. */
import type { LeftOutRecord, ListeningRecord, LogRecord, RequestRecord } from "./record.ts";

/** The few colours there are. */
type Colour = "red" | "yellow" | "green" | "cyan" | "dim";

const codes: Readonly<Record<Colour, number>> = { red: 31, yellow: 33, green: 32, cyan: 36, dim: 2 };

/** A clean record as one line without its end; the ready line has several. */
export function formatText(record: LogRecord, atMs: number, colour: boolean): string {
  const paint: Paint = (name, text) => (colour ? `\x1b[${codes[name]}m${text}\x1b[0m` : text);
  if (record.event === "listening") return listening(record, paint);
  const time = paint("dim", `${new Date(atMs).toISOString().slice(0, 19)}Z`);
  return `${time} ${body(record, paint)}`;
}

type Paint = (name: Colour, text: string) => string;

function body(record: Exclude<LogRecord, ListeningRecord>, paint: Paint): string {
  switch (record.event) {
    case "request":
      return request(record, paint);
    case "guest":
      return `${paint("cyan", place(record))} ${record.text}`;
    case "problem": {
      const level = paint(record.level === "error" ? "red" : "yellow", record.level);
      return [level, ...(record.site === undefined ? [] : [place(record)]), record.code, record.message].join(
        " ",
      );
    }
    case "release":
      return `${record.site} now answers with ${shortDigest(record.to)} (${[
        record.from === null ? "the first release" : `before: ${shortDigest(record.from)}`,
        `sequence ${record.sequence}`,
        `generation ${record.generation}`,
      ].join(", ")})`;
    case "breaker": {
      const state = paint(record.state === "open" ? "red" : "yellow", `breaker ${record.state}`);
      return `${paint("cyan", place(record))} ${state}: ${record.reason}`;
    }
    case "stopping":
      return `stopping on ${record.cause}, ${record.requests} ${record.requests === 1 ? "request" : "requests"} in flight`;
    case "left-out":
      return paint(
        "yellow",
        `${record.lines} ${record.lines === 1 ? "line" : "lines"} left out: ${leftOut(record)}`,
      );
  }
}

function listening({ addr, admin, node, sites, startMs }: ListeningRecord, paint: Paint): string {
  const rows: [string, string][] = [
    ["admin", admin ?? "off"],
    ["node", node],
    ...sites.map(({ site, release, sequence }): [string, string] => [
      "site",
      `${site}, release ${shortDigest(release)}, sequence ${sequence}`,
    ]),
  ];
  return [
    `emend is listening on ${paint("green", addr)}, ready in ${startMs.toFixed(1)} ms`,
    ...rows.map(([name, value]) => `  ${paint("dim", name.padEnd(6))}${value}`),
  ].join("\n");
}

function request(record: RequestRecord, paint: Paint): string {
  const { status, method, path, bytes, ms, guestMs, release, reason, headers } = record;
  const colour = status >= 500 ? "red" : status >= 400 ? "yellow" : "green";
  const guest = guestMs === undefined ? "" : ` (guest ${guestMs.toFixed(1)} ms)`;
  const where = [record.site, record.route, release].filter((part) => part !== null).join(" ");
  const shownHeaders = Object.entries(headers ?? {}).map(
    ([name, value]) => ` ${name}=${JSON.stringify(value)}`,
  );
  const line = `${paint(colour, String(status))} ${method} ${path} ${bytes} B ${ms.toFixed(1)} ms${guest}`;
  return `${line}${where && ` ${paint("dim", where)}`}${shownHeaders.join("")}${reason ? ` ${reason}` : ""}`;
}

function leftOut(record: LeftOutRecord): string {
  switch (record.of) {
    case "request":
      return "more requests than the log takes";
    case "failure":
      return "more failed requests than the log takes";
    case "guest":
      return `${place(record)} writes more on stderr than the log takes`;
    case "problem":
      return "more problems than the log takes";
    case "output":
      return "whatever reads the log is too slow";
  }
}

function place({ site, route }: { readonly site?: string; readonly route?: string }): string {
  return `[${[site, route].filter((part) => part !== undefined).join(" ")}]`;
}

/** `sha256:` and 64 digits as the first 12, the form of `x-emend-release`. */
function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, "").slice(0, 12);
}
