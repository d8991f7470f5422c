/**
 * What every record passes through before it is formatted: secrets masked, dangerous characters written out,
 * lengths bounded. It walks whatever is there, so a field added tomorrow is not forgotten.
 */
import { logFieldCharsMax, logTextCharsMax } from "../limits.ts";
import type { LogRecord } from "./record.ts";
import type { Redactor } from "./redactor.ts";
import { visible } from "./visible.ts";

/** Fields that hold free text, which may quote a client or a guest. */
const freeText: ReadonlySet<string> = new Set(["text", "message", "reason"]);

/** The record as it may be shown. */
export function cleanRecord(record: LogRecord, redactor: Redactor): LogRecord {
  // Cleaning keeps every field and its type: texts stay texts.
  return cleanObject(record, redactor) as unknown as LogRecord;
}

function cleanObject(source: object, redactor: Redactor): Record<string, unknown> {
  const target: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(source)) {
    const key = visible(name, logFieldCharsMax);
    target[key] = typeof value === "string" ? cleanText(name, value, redactor) : cleanValue(value, redactor);
  }
  return target;
}

function cleanValue(value: unknown, redactor: Redactor): unknown {
  if (typeof value === "number") return Math.round(value * 1000) / 1000;
  if (Array.isArray(value)) return value.map((item) => cleanValue(item, redactor));
  if (value instanceof Headers) return cleanObject(redactor.headers(value), redactor);
  if (typeof value === "object" && value !== null) return cleanObject(value, redactor);
  return value;
}

function cleanText(name: string, text: string, redactor: Redactor): string {
  if (freeText.has(name)) return visible(redactor.text(text.slice(0, logTextCharsMax)), logTextCharsMax);
  if (name === "path") return visible(withoutQuery(text), logFieldCharsMax);
  return visible(text, logFieldCharsMax);
}

function withoutQuery(path: string): string {
  const at = path.search(/[?#]/);
  return at < 0 ? path : path.slice(0, at);
}
