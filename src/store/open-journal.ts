/** Opens the journal of a state directory whatever became of it, and says what that was. */
import { join } from "node:path";
import { type EmendError, messageOf } from "../errors.ts";
import type { Disk } from "./disk.ts";
import { journalName } from "./has-journal.ts";
import { DamagedJournalError, type Journal, openJournal } from "./journal.ts";
import { codeOf, storeError } from "./store-error.ts";

/** Damaged journals that are put aside for somebody to look at; a further one replaces the last. */
const damagedKeptMax = 4;

/**
 * A damaged journal is put aside and a new one begun: each record has its copy. One that cannot be opened at all (a disk
 * that is full or read-only, a newer emend's) stays as it is, and the error is what every change will be refused with.
 */
export function openJournalOrNone(
  disk: Disk,
  dir: string,
  tell: (problem: string) => void,
): Journal | EmendError {
  const path = join(dir, journalName);
  try {
    try {
      return openJournal(disk, dir);
    } catch (error) {
      if (!isDamage(error)) throw error;
      const aside = putAside(disk, dir);
      tell(`${path} is damaged (${messageOf(error)}): it was put aside as ${aside}`);
      return openJournal(disk, dir);
    }
  } catch (error) {
    const refusal = storeError(`open ${path}`, error);
    tell(refusal.message);
    return refusal;
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof DamagedJournalError || /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error));
}

/** Its log goes first: beside a new database an old log would be taken for that one's. */
function putAside(disk: Disk, dir: string): string {
  const present = disk.list(dir);
  const names = Array.from({ length: damagedKeptMax }, (_, i) => `${journalName}.damaged-${i + 1}`);
  const aside = names.find((name) => !present.includes(name)) ?? `${journalName}.damaged-${damagedKeptMax}`;
  for (const ending of ["-wal", ""]) {
    const from = journalName + ending;
    if (present.includes(from)) disk.rename(join(dir, from), join(dir, aside + ending));
  }
  disk.syncDirectory(dir);
  return aside;
}
