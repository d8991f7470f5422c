/**
 * What the guests of one site have of the machine's memory, all of its releases together: memories and tables of live
 * and of idle instances, and the images that instances are put back to. Before something is refused, the instances of
 * the site go that nobody has used for the longest.
 */
import type { NodeMemory } from "./node-memory.ts";

/** Something that holds instances which nobody uses. */
export interface IdleHolder {
  /** Since when the one waits that was used longest ago; undefined when there is none. */
  readonly idleSinceMs: number | undefined;
  /** Lets that one go, and gives back what it took. */
  evict(): void;
}

export class SiteMemory {
  readonly limitBytes: number;
  readonly #node: NodeMemory;
  readonly #holders = new Set<IdleHolder>();
  #takenBytes = 0;
  #peakBytes = 0;

  constructor(node: NodeMemory, limitBytes: number) {
    this.#node = node;
    this.limitBytes = limitBytes;
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** The most that was ever taken. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** Takes room, if need be from idle instances; false where there is none. What was taken is given back later. */
  take(bytes: number): boolean {
    while (this.#takenBytes + bytes > this.limitBytes) if (!this.evict()) return false;
    if (!this.#node.admits(bytes)) return false;
    this.#takenBytes += bytes;
    if (this.#takenBytes > this.#peakBytes) this.#peakBytes = this.#takenBytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#takenBytes -= bytes;
  }

  /** From now on idle instances may be taken from there. */
  add(holder: IdleHolder): void {
    this.#holders.add(holder);
  }

  remove(holder: IdleHolder): void {
    this.#holders.delete(holder);
  }

  /** Since when the instance waits that was used longest ago. */
  get idleSinceMs(): number | undefined {
    return this.#longestIdle()?.idleSinceMs;
  }

  /** Lets that one go; false where there is none. */
  evict(): boolean {
    const holder = this.#longestIdle();
    holder?.evict();
    return holder !== undefined;
  }

  #longestIdle(): IdleHolder | undefined {
    let found: IdleHolder | undefined;
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const holder of this.#holders) {
      const each = holder.idleSinceMs;
      if (each !== undefined && each < sinceMs) [found, sinceMs] = [holder, each];
    }
    return found;
  }
}
