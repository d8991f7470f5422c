/** Whether there is a journal: a file of its own, since a start that finds none loads nothing else of this room. */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The file in a state directory. */
export const journalName = "journal.db";

/** The directory in a state directory. */
export const recordsName = "sites";

/** Was anything ever committed here? A node without it starts without opening its store, and so without SQLite. */
export function hasJournal(dir: string): boolean {
  // A journal that was lost must not go unnoticed.
  return existsSync(join(dir, journalName)) || existsSync(join(dir, recordsName));
}
