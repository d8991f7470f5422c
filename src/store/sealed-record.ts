/**
 * A record as text with its own sum, the same in the journal and beside it. SQLite does not notice a flipped bit within
 * a row, a file system in none of its files.
 */
import { sha256Hex } from "../bytes/index.ts";
import type { StoredRecord } from "./site-record.ts";

/** Raised when an older emend could not make sense of a record. */
export const recordFormat = 1;

export function sealRecord(record: StoredRecord): string {
  const text = JSON.stringify(record);
  return `${JSON.stringify({ format: recordFormat, sum: sha256Hex(text) })}\n${text}\n`;
}

/** Null when it is damaged, or of another format. With the right sum it is what `sealRecord` was given. */
export function openRecord(sealed: string): StoredRecord | null {
  const [head, text, rest] = sealed.split("\n");
  if (head === undefined || text === undefined || rest !== "") return null;
  if (head !== JSON.stringify({ format: recordFormat, sum: sha256Hex(text) })) return null;
  return JSON.parse(text);
}
