/** What all nodes of one tree share: its identity, its numbers, and how many bytes it may take. */

/** What a node takes beside its content: its object, its times, its place in a map. */
export const nodeBytes = 256;

/** What a name takes: an entry of a map, and up to two bytes a letter. */
export function nameBytes(name: string): number {
  return 64 + name.length * 2;
}

let volumes = 0;

export class Volume {
  /** Whether every change is EROFS. */
  readonly readOnly: boolean;
  readonly device: bigint;
  readonly bytesMax: number;
  #usedBytes = 0;
  #inodes = 0;

  constructor(bytesMax: number, readOnly: boolean) {
    this.bytesMax = bytesMax;
    this.readOnly = readOnly;
    // Apart from the devices of real directories, which are small numbers or have their high half empty.
    this.device = (0x656d_656en << 32n) | BigInt(++volumes);
  }

  get freeBytes(): number {
    return this.bytesMax - this.#usedBytes;
  }

  /** Takes bytes out of what is left; false where they are not there. */
  take(bytes: number): boolean {
    if (bytes > this.freeBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#usedBytes -= bytes;
  }

  nextInode(): number {
    return ++this.#inodes;
  }
}
