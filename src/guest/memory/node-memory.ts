/**
 * The memory of the machine, as far as guests are concerned. Where it runs short, idle instances of all sites go,
 * those first that nobody has used for the longest, and then what guests ask for is refused: a `memory.grow` that
 * fails hurts one guest, the kernel's choice ends all of them.
 *
 * The machine is asked when instances are made or grow, and never at rest: only guests can make the need larger
 * that emend can do something about.
 */
import type { MachineMemory } from "./machine-memory.ts";
import { SiteMemory } from "./site-memory.ts";

/** Below this much room idle instances go: a tenth of the machine's memory, at the most as much as this. */
const reserveBytesMax: number = 64 * 1024 * 1024;

/** Below this share of the reserve nothing is handed out any more. */
const refusedBelow = 0.5;

/** The machine is asked again when so much was handed out, */
const lookBytes: number = 4 * 1024 * 1024;

/** and otherwise when it was asked so long ago: it takes about 50 µs. */
const lookMs = 250;

/** Collecting garbage takes 10 ms and more: it is not done more often than this. */
const collectMs = 1000;

/** What this room needs of the machine. */
export interface MemorySurroundings {
  readonly machine: MachineMemory;
  readonly nowMs: () => number;
  /** Frees the memories of instances that were let go: the engine does so when it collects garbage. */
  readonly collect: () => void;
}

export class NodeMemory {
  readonly #surroundings: MemorySurroundings;
  readonly #sites = new Set<SiteMemory>();
  readonly #reserveBytes: number;
  #roomBytes = 0;
  #isShort = false;
  #handedOutBytes = Number.POSITIVE_INFINITY;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #collectedMs = Number.NEGATIVE_INFINITY;

  constructor(surroundings: MemorySurroundings) {
    this.#surroundings = surroundings;
    this.#reserveBytes = Math.min(reserveBytesMax, surroundings.machine.totalBytes / 10);
  }

  /** The memory of a site that may take so much. */
  site(limitBytes: number): SiteMemory {
    const site = new SiteMemory(this, limitBytes);
    this.#sites.add(site);
    return site;
  }

  /** Whether the machine has room for so much more. */
  admits(bytes: number): boolean {
    const nowMs = this.#surroundings.nowMs();
    this.#handedOutBytes += bytes;
    if (this.#handedOutBytes >= lookBytes || nowMs - this.#lookedMs >= lookMs) this.#look(nowMs);
    if (this.#isShort || this.#roomBytes - bytes < this.#reserveBytes) this.#makeRoom(nowMs);
    return this.#roomBytes - bytes >= this.#reserveBytes * refusedBelow;
  }

  #look(nowMs: number): void {
    const { roomBytes, isStalled } = this.#surroundings.machine.look();
    this.#roomBytes = roomBytes;
    this.#isShort = isStalled;
    this.#handedOutBytes = 0;
    this.#lookedMs = nowMs;
  }

  /** Idle instances go, as long as there are any: what one frees is only known when it is collected. */
  #makeRoom(nowMs: number): void {
    if (nowMs - this.#collectedMs < collectMs) return;
    while (this.#evictOne());
    this.#surroundings.collect();
    this.#collectedMs = nowMs;
    this.#look(nowMs);
  }

  #evictOne(): boolean {
    let found: SiteMemory | undefined;
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const site of this.#sites) {
      const each = site.idleSinceMs;
      if (each !== undefined && each < sinceMs) [found, sinceMs] = [site, each];
    }
    return found?.evict() === true;
  }
}
