/**
 * The journal: one row a site with its record, and the audit log, in SQLite.
 *
 * A write-ahead log with synchronous = FULL: a commit is one append and one sync, and every frame of the log has a
 * checksum, so a torn one ends the log before it. EXTRA would add nothing here: it syncs the directory after a rollback
 * journal is removed, and there is none. locking_mode = EXCLUSIVE keeps the log's index in memory instead of in a third,
 * shared file; one process at a time has the state directory anyway.
 */

import type { Database } from "bun:sqlite";
import { join } from "node:path";
import { storeAuditsMax } from "../limits.ts";
import type { Disk } from "./disk.ts";
import { journalName } from "./has-journal.ts";
import { openRecord, sealRecord } from "./sealed-record.ts";
import type { StoredRecord } from "./site-record.ts";
import type { AuditEntry } from "./store.ts";

/** Raised when an older emend could not use the tables. */
const journalFormat = 1;

/** The log is folded into the database from 64 pages of 4 KiB on, some ten commits. */
const pragmas = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA fullfsync = ON;
  PRAGMA checkpoint_fullfsync = ON;
  PRAGMA wal_autocheckpoint = 64;
  PRAGMA journal_size_limit = 1048576;
  PRAGMA cache_size = -256;
  PRAGMA temp_store = MEMORY;`;

const tables = `
  CREATE TABLE site (name TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE audit (
    id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, actor TEXT NOT NULL, site TEXT, action TEXT NOT NULL,
    verdict TEXT NOT NULL, release TEXT, detail TEXT);
  PRAGMA user_version = ${journalFormat};`;

/** Thrown for a journal of a newer emend: not damaged, and not to be touched. */
export class NewerJournalError extends Error {}

/** Thrown for one whose own checks find it damaged. */
export class DamagedJournalError extends Error {}

export interface Journal extends Disposable {
  /** Those that are intact; the others are told. */
  records(tell: (problem: string) => void): StoredRecord[];
  save(record: StoredRecord): void;
  audit(entry: AuditEntry): void;
  audits(selection: { readonly site: string | null; readonly limit: number }): AuditEntry[];
}

/** Opens it, or makes it. Throws what SQLite throws, and the two errors above. */
export function openJournal(disk: Disk, dir: string): Journal {
  const path = join(dir, journalName);
  // By us and not by SQLite, which would let everybody read it. Its other files take their mode from this one.
  if (disk.read(path) === null) disk.write(path, new Uint8Array());
  const database = openDatabase(path);
  try {
    prepare(database);
    // The name of the database; SQLite syncs that of its log by itself.
    disk.syncDirectory(dir);
    return journalOf(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Loaded here: a node that was never patched starts without SQLite. */
function openDatabase(path: string): Database {
  const { Database } = process.getBuiltinModule("bun:sqlite") as typeof import("bun:sqlite");
  return new Database(path, { readwrite: true, create: false, strict: true });
}

function prepare(database: Database): void {
  database.run(pragmas);
  const version = numberOf(database, "PRAGMA user_version", "user_version");
  if (version > journalFormat)
    throw new NewerJournalError(`expected format ${journalFormat}, got ${version} of a newer emend`);
  if (version === 0) database.transaction(() => database.run(tables)).immediate();
  const found = database.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get()?.quick_check;
  if (found !== "ok") throw new DamagedJournalError(found ?? "no answer to a check");
}

function numberOf(database: Database, sql: string, column: string): number {
  return database.query<Record<string, number>, []>(sql).get()?.[column] ?? 0;
}

function journalOf(database: Database): Journal {
  const columns = "at_ms AS atMs, actor, site, action, verdict, release, detail";
  return {
    records: (tell) =>
      database
        .query<{ name: string; record: string }, []>("SELECT name, record FROM site ORDER BY name")
        .all()
        .flatMap(({ name, record }) => {
          const opened = openRecord(record);
          if (opened?.site === name) return opened;
          tell(`the journal's record of site ${name} is damaged and is not used`);
          return [];
        }),
    save: (record) => {
      database.run("INSERT OR REPLACE INTO site VALUES (?, ?)", [record.site, sealRecord(record)]);
    },
    audit: ({ atMs, actor, site, action, verdict, release, detail }) => {
      database
        .transaction(() => {
          const sql =
            "INSERT INTO audit (at_ms, actor, site, action, verdict, release, detail) VALUES (?, ?, ?, ?, ?, ?, ?)";
          const { lastInsertRowid } = database.run(sql, [
            atMs,
            actor,
            site,
            action,
            verdict,
            release,
            detail,
          ]);
          database.run("DELETE FROM audit WHERE id <= ?", [Number(lastInsertRowid) - storeAuditsMax]);
        })
        .immediate();
    },
    audits: ({ site, limit }) =>
      database
        .query<AuditEntry, [string | null, number]>(
          `SELECT ${columns} FROM audit WHERE ?1 IS NULL OR site = ?1 ORDER BY id DESC LIMIT ?2`,
        )
        .all(site, limit),
    [Symbol.dispose]: () => database.close(),
  };
}
