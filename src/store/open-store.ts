/** Opens the store of a node, in its state directory or in memory. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Disk, nodeDisk } from "./disk.ts";
import { DiskShelf } from "./disk-shelf.ts";
import { journalName } from "./journal.ts";
import { createMemoryShelf } from "./memory-shelf.ts";
import { recordsName } from "./record-files.ts";
import { ShelfStore } from "./shelf-store.ts";
import type { Store } from "./store.ts";

/**
 * The store in a state directory, made when there is none. The caller holds `lockState`. A journal that is damaged or
 * gone, or a disk that cannot be written, does not keep it from being read: `takeProblems` says so. Throws
 * `store.failed` when it cannot be read at all; the base can still be served.
 */
export function openStore(dir: string, options: { readonly disk?: Disk } = {}): Store {
  return new ShelfStore(new DiskShelf(dir, options.disk ?? nodeDisk));
}

/** A store that is gone with its process. */
export function openMemoryStore(): Store {
  return new ShelfStore(createMemoryShelf());
}

/** Was anything ever committed here? A node without it starts without opening its store, and so without SQLite. */
export function hasJournal(dir: string): boolean {
  // A journal that was lost must not go unnoticed.
  return existsSync(join(dir, journalName)) || existsSync(join(dir, recordsName));
}
