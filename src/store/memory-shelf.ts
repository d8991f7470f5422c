/** A shelf that is gone with its process, for `--ephemeral`. */
import { storeAuditsMax } from "../limits.ts";
import type { Shelf } from "./shelf.ts";
import type { StoredRecord } from "./site-record.ts";
import type { AuditEntry } from "./store.ts";

export function createMemoryShelf(): Shelf {
  const content = new Map<string, Uint8Array<ArrayBuffer>>();
  const records: StoredRecord[] = [];
  const entries: AuditEntry[] = [];
  return {
    records,
    // Whoever asked has the record; nobody will ever read it from here.
    save: () => {},
    has: (sha256) => content.has(sha256),
    read: (sha256) => content.get(sha256) ?? null,
    path: () => null,
    put: (sha256, bytes) => {
      // A copy: what is kept must not change when its giver writes into it.
      if (!content.has(sha256)) content.set(sha256, new Uint8Array(bytes));
    },
    sync: () => {},
    names: () => [...content.keys()],
    remove: (sha256) => {
      content.delete(sha256);
    },
    audit: (entry) => {
      entries.push(entry);
      if (entries.length > storeAuditsMax) entries.shift();
    },
    audits: ({ site, limit }) =>
      entries
        .filter((entry) => site === null || entry.site === site)
        .slice(-limit)
        .reverse(),
    takeProblems: () => [],
    [Symbol.dispose]: () => content.clear(),
  };
}
