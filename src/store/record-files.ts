/**
 * The second place of every record: a small file a site, replaced whole. With it neither a lost journal nor a damaged
 * one takes the floor back, or what runs.
 *
 *     {"format":1,"sum":"SHA-256 of the record's text"}\n
 *     {"site":"default",…}\n
 */
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import type { Disk } from "./disk.ts";
import { recordsName } from "./has-journal.ts";
import { openRecord, sealRecord } from "./sealed-record.ts";
import type { StoredRecord } from "./site-record.ts";

const ending = ".json";

/** What an unfinished file is called. */
const unfinished = ".new";

/** Reads them all; what is damaged or cannot be read is told. */
export function readRecords(disk: Disk, dir: string, tell: (problem: string) => void): StoredRecord[] {
  return disk
    .list(join(dir, recordsName))
    .filter((name) => name.endsWith(ending))
    .flatMap((name) => {
      const path = join(dir, recordsName, name);
      try {
        const bytes = disk.read(path);
        const record = bytes === null ? null : openRecord(new TextDecoder().decode(bytes));
        if (record !== null && fileName(record.site) === name) return record;
        tell(`${path} is damaged and is not used`);
      } catch (error) {
        tell(`${path} cannot be read: ${messageOf(error)}`);
      }
      return [];
    });
}

/** The first half: all that needs room on the disk. What is returned is the second, the replacement. */
export function prepareRecord(disk: Disk, dir: string, record: StoredRecord): () => void {
  const path = join(dir, recordsName, fileName(record.site));
  disk.write(path + unfinished, Buffer.from(sealRecord(record)));
  disk.sync(path + unfinished);
  return () => {
    disk.rename(path + unfinished, path);
    disk.syncDirectory(join(dir, recordsName));
  };
}

/** Names of sites are told apart by case, names of files on some systems are not. */
function fileName(site: string): string {
  return site.replace(/[^a-z0-9_-]/g, (char) => `%${char.charCodeAt(0).toString(16)}`) + ending;
}
