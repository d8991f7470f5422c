/**
 * The log of a node. A record becomes one line; lines about requests and guests have a rate, so that neither a
 * flood of clients nor a chatty guest makes the log the slowest part of the node or fills a disk.
 *
 * @example
 * ```ts
 * const logger = createLogger({ format: "json", redact: ["x-api-key"], write: sinkWriter(Bun.stdout.writer()) });
 * logger.log({ event: "listening", addr, admin, node, sites, startMs });
 * if (logger.takesRequest(200)) logger.request({ event: "request", … });
 * await logger.flush();
 * ```
 */
import { logGuestLinesPerSecond, logProblemLinesPerSecond, logRequestLinesPerSecond } from "../limits.ts";
import { cleanRecord } from "./clean-record.ts";
import { formatJson } from "./format-json.ts";
import { formatText } from "./format-text.ts";
import { LineBuffer } from "./line-buffer.ts";
import { RateGate } from "./rate-gate.ts";
import type { BreakerRecord, LeftOutRecord, LogRecord, NodeRecord, RequestRecord } from "./record.ts";
import { createRedactor } from "./redactor.ts";
import type { Write } from "./sink-writer.ts";

/** For people or for machines. */
export type LogFormat = "text" | "json";

/** How a log is written. */
export interface LoggerOptions {
  readonly format: LogFormat;
  /** Further headers whose values are never logged. Credentials and cookies never are. */
  readonly redact: readonly string[];
  readonly write: Write;
  /** Colours in the text format. */
  readonly colour?: () => boolean;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Where the stderr lines of one route's guests go. */
export interface GuestLines {
  /** Whether a line may be written now; a refused one is counted. Ask before making the line. */
  readonly takes: () => boolean;
  /** Logs a line that was taken. */
  readonly line: (text: string) => void;
}

/** What a tap hears: requests that their guest failed, and breakers. */
export type TappedRecord = RequestRecord | BreakerRecord;

/** A node's log. Nothing is written before the ready line or a flush. */
export interface Logger {
  /** Logs what the node does. The ready line goes out first and at once. */
  readonly log: (record: NodeRecord) => void;
  /**
   * Whether a line about a request with this status may be written now; a refused one is counted. Ask before
   * making the record: a refusal costs a few nanoseconds. Failures (5xx) have a rate of their own, so that a
   * flood of successes cannot hide them.
   */
  readonly takesRequest: (status: number) => boolean;
  /** Logs a request that was taken. */
  readonly request: (record: RequestRecord) => void;
  /** The stderr of a route's guests, with a rate of its own. Make one a route, not one a request. */
  readonly guestLines: (site: string, route: string) => GuestLines;
  /** Calls back with each record of a failed guest or a breaker, cleaned as its line is. There is one tap at most. */
  readonly tap: (listener: (record: TappedRecord) => void) => void;
  /** Writes what waits. Resolves when the writer took it, or after a second. Call it before the process ends. */
  readonly flush: () => Promise<void>;
}

/** Opens a log. */
export function createLogger(options: LoggerOptions): Logger {
  const { format, redact, write, colour = () => false, now = Date.now } = options;
  const redactor = createRedactor(redact);
  const shut = new Set<RateGate>();

  let tap: ((record: TappedRecord) => void) | undefined;
  const toLine = (record: LogRecord): string => {
    const clean = cleanRecord(record, redactor);
    if (tap !== undefined && isTapped(clean)) tap(clean);
    return format === "json" ? formatJson(clean, now()) : formatText(clean, now(), colour());
  };
  const lines = new LineBuffer(write, (dropped) =>
    toLine({ event: "left-out", of: "output", lines: dropped }),
  );
  const add = (record: LogRecord): void => lines.add(toLine(record));
  const gate = (perSecond: number, what: Omit<LeftOutRecord, "event" | "lines">): RateGate =>
    new RateGate({
      perSecond,
      now,
      shut,
      report: (count) => add({ event: "left-out", ...what, lines: count }),
    });

  const requests = gate(logRequestLinesPerSecond, { of: "request" });
  const failures = gate(logRequestLinesPerSecond, { of: "failure" });
  const problems = gate(logProblemLinesPerSecond, { of: "problem" });

  return {
    log: (record) => {
      if (record.event === "listening") lines.open(toLine(record));
      else if (record.event !== "problem" || problems.take()) add(record);
    },
    takesRequest: (status) => (status >= 500 ? failures : requests).take(),
    request: add,
    guestLines: (site, route) => {
      const guests = gate(logGuestLinesPerSecond, { of: "guest", site, route });
      return { takes: () => guests.take(), line: (text) => add({ event: "guest", site, route, text }) };
    },
    tap: (listener) => {
      tap = listener;
    },
    flush: () => {
      for (const each of shut) each.settle();
      return lines.flush();
    },
  };
}

function isTapped(record: LogRecord): record is TappedRecord {
  return record.event === "request" ? record.failure !== undefined : record.event === "breaker";
}
