/**
 * A shelf in a state directory.
 *
 *     journal.db     the record of every site, and the audit log (journal.ts)
 *     sites/         each record once more (record-files.ts)
 *     blobs/         content, each file named by its own SHA-256: files of releases, their lists, patches
 *
 * Why a power cut at any moment leaves the old release or the new one, and never lowers a floor:
 * 1. Content is written under another name, synced, renamed: what has a right name has all of its bytes.
 * 2. The names are synced, then the record is: what a durable record speaks of is there.
 * 3. A record goes into the journal first. That append is the commit. Cut before it, nothing has happened.
 * 4. Then the copy in `sites/` is replaced, which takes no room that was not taken before 3. Cut between 3 and 4, the
 *    journal has the higher revision and wins; the copy is replaced when the shelf is next opened.
 * 5. Only then the patch is acknowledged: both places know the floor, and either can be lost.
 */
import { join } from "node:path";
import { sha256Hex } from "../bytes/index.ts";
import { EmendError, messageOf } from "../errors.ts";
import type { Disk } from "./disk.ts";
import { journalName, recordsName } from "./has-journal.ts";
import type { Journal } from "./journal.ts";
import { openJournalOrNone } from "./open-journal.ts";
import { prepareRecord, readRecords } from "./record-files.ts";
import type { Shelf } from "./shelf.ts";
import type { StoredRecord } from "./site-record.ts";
import type { AuditEntry } from "./store.ts";
import { codeOf, storeError, storeStep } from "./store-error.ts";

/** Where content lies in a state directory. */
const blobsName = "blobs";

/** What content is called until it is all there. */
const unfinished = ".new";

/** Throws `store.failed` when not even reading is possible. What can be helped is told as a problem. */
export class DiskShelf implements Shelf {
  readonly records: readonly StoredRecord[];
  readonly #dir: string;
  readonly #blobs: string;
  readonly #disk: Disk;
  readonly #names: Set<string>;
  /** The journal, or why there is none: then everything can be read and nothing be changed. */
  readonly #journal: Journal | EmendError;
  #problems: string[] = [];

  constructor(dir: string, disk: Disk) {
    this.#dir = dir;
    this.#blobs = join(dir, blobsName);
    this.#disk = disk;
    const tell = (problem: string) => {
      this.#problems.push(problem);
    };
    const { copies, names } = storeStep(`read the state directory ${dir}`, () => {
      for (const name of [recordsName, blobsName]) disk.makeDirectory(join(dir, name));
      return { copies: readRecords(disk, dir, tell), names: disk.list(this.#blobs) };
    });
    this.#names = new Set(names);
    this.#journal = openJournalOrNone(disk, dir, tell);
    const journal = this.#journal;
    const rows =
      journal instanceof EmendError
        ? []
        : storeStep(`read ${join(dir, journalName)}`, () => journal.records(tell));
    this.records = newestOfEach([...rows, ...copies]);
    if (!(journal instanceof EmendError)) this.#repair(journal, rows, copies);
  }

  save(record: StoredRecord): void {
    const journal = this.#writable();
    const replaceCopy = storeStep(`write ${join(this.#dir, recordsName)}`, () =>
      prepareRecord(this.#disk, this.#dir, record),
    );
    storeStep(`write ${join(this.#dir, journalName)}`, () => journal.save(record));
    try {
      replaceCopy();
    } catch (error) {
      // The journal has it, so it has happened. The next change, or the next start, tries again.
      this.#problems.push(
        `the second copy of site ${record.site}'s record could not be replaced: ${messageOf(error)}; a journal that were lost now would take the last change with it`,
      );
    }
  }

  has(sha256: string): boolean {
    return this.#names.has(sha256);
  }

  read(sha256: string): Uint8Array<ArrayBuffer> | null {
    if (!this.#names.has(sha256)) return null;
    const path = this.path(sha256);
    const bytes = storeStep(`read ${path}`, () => readUnlessBroken(this.#disk, path));
    if (bytes !== null && sha256Hex(bytes) === sha256) return bytes;
    this.#problems.push(`${path} is damaged or gone and is not used`);
    this.remove(sha256);
    return null;
  }

  path(sha256: string): string {
    return join(this.#blobs, sha256);
  }

  put(sha256: string, bytes: Uint8Array): void {
    // Read, since what lies there may be what somebody found damaged.
    if (this.read(sha256) !== null) return;
    const path = this.path(sha256);
    try {
      this.#disk.write(path + unfinished, bytes);
      this.#disk.sync(path + unfinished);
      this.#disk.rename(path + unfinished, path);
    } catch (error) {
      tryTo(() => this.#disk.remove(path + unfinished));
      throw storeError(`write ${path}`, error);
    }
    this.#names.add(sha256);
  }

  sync(): void {
    storeStep(`write ${this.#blobs}`, () => this.#disk.syncDirectory(this.#blobs));
  }

  names(): readonly string[] {
    return [...this.#names];
  }

  remove(name: string): void {
    this.#names.delete(name);
    storeStep(`remove ${this.path(name)}`, () => this.#disk.remove(this.path(name)));
  }

  audit(entry: AuditEntry): void {
    const journal = this.#writable();
    storeStep(`write ${join(this.#dir, journalName)}`, () => journal.audit(entry));
  }

  audits(selection: { readonly site: string | null; readonly limit: number }): readonly AuditEntry[] {
    const journal = this.#journal;
    if (journal instanceof EmendError) return [];
    return storeStep(`read ${join(this.#dir, journalName)}`, () => journal.audits(selection));
  }

  takeProblems(): readonly string[] {
    const problems = this.#problems;
    this.#problems = [];
    return problems;
  }

  [Symbol.dispose](): void {
    if (!(this.#journal instanceof EmendError)) this.#journal[Symbol.dispose]();
  }

  #writable(): Journal {
    if (this.#journal instanceof EmendError) throw this.#journal;
    return this.#journal;
  }

  /** Brings a place up to date that missed a change or lost everything. */
  #repair(journal: Journal, rows: readonly StoredRecord[], copies: readonly StoredRecord[]): void {
    const isIn = (place: readonly StoredRecord[], record: StoredRecord) =>
      place.some(({ site, revision }) => site === record.site && revision === record.revision);
    try {
      for (const record of this.records) {
        // A copy is never written before the journal.
        if (!rows.some(({ site }) => site === record.site)) {
          this.#problems.push(
            `the journal has lost site ${record.site}: its releases and floor are taken from the second copy`,
          );
        }
        if (!isIn(rows, record)) journal.save(record);
        if (!isIn(copies, record)) prepareRecord(this.#disk, this.#dir, record)();
      }
    } catch (error) {
      this.#problems.push(storeError(`bring ${this.#dir} up to date`, error).message);
    }
  }
}

/**
 * The record with the highest revision is the truth, its floor too: only `lowerFloor` makes a later one lower, and that
 * is an operator's explicit wish.
 */
function newestOfEach(records: readonly StoredRecord[]): readonly StoredRecord[] {
  const newest = new Map<string, StoredRecord>();
  for (const record of records) {
    if (record.revision > (newest.get(record.site)?.revision ?? -1)) newest.set(record.site, record);
  }
  return [...newest.values()];
}

/** Null also for a file that the disk gives back no more: that is damage like any other. */
function readUnlessBroken(disk: Disk, path: string): Uint8Array<ArrayBuffer> | null {
  try {
    return disk.read(path);
  } catch (error) {
    if (codeOf(error) === "EIO") return null;
    throw error;
  }
}

function tryTo(run: () => void): void {
  try {
    run();
  } catch {
    // The error that led here is the one to tell.
  }
}
