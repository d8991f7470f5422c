/** Log lines for machines: one JSON object a line, `event` first. */
import type { LogRecord } from "./record.ts";

/**
 * A clean record as one line without its end. Every line but the ready line says when, in UTC: the ready
 * line's form is fixed, and what waits for it knows what time it is.
 */
export function formatJson(record: LogRecord, atMs: number): string {
  if (record.event === "listening") return JSON.stringify(record);
  const { event, ...rest } = record;
  return JSON.stringify({ event, time: new Date(atMs).toISOString(), ...rest });
}
