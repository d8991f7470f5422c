/** Opens the store of a node, in its state directory or in memory. */
import { type Disk, nodeDisk } from "./disk.ts";
import { DiskShelf } from "./disk-shelf.ts";
import { createMemoryShelf } from "./memory-shelf.ts";
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
