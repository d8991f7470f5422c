/**
 * Where a store keeps things: records of sites, and content that is named by its own SHA-256 (files of releases, their
 * lists, patches). A disk or memory. Whatever fails throws `store.full` or `store.failed` and has changed nothing.
 */
import type { StoredRecord } from "./site-record.ts";
import type { AuditEntry } from "./store.ts";

export interface Shelf extends Disposable {
  /** The newest intact record of each site, as found when the shelf was opened. */
  readonly records: readonly StoredRecord[];
  /** Replaces the record of its site. Durable when it returns. */
  save(record: StoredRecord): void;

  has(sha256: string): boolean;
  /** Its bytes, verified; null when there are none. Damaged content is removed and told as a problem. */
  read(sha256: string): Uint8Array<ArrayBuffer> | null;
  /** Null on a shelf without files. */
  path(sha256: string): string | null;
  /** The bytes are durable when it returns, that they are found by this name only after the next `sync`. */
  put(sha256: string, bytes: Uint8Array): void;
  /** Makes durable what was put. */
  sync(): void;
  /** What is there, everything included that no record names. */
  names(): readonly string[];
  remove(sha256: string): void;

  audit(entry: AuditEntry): void;
  audits(selection: { readonly site: string | null; readonly limit: number }): readonly AuditEntry[];
  takeProblems(): readonly string[];
}
