/** Counts how often a value of the target stands where the source has another (or the same) one. */
export class Votes {
  /** Entries, in the order in which each pair was first seen. */
  targets: Float64Array = new Float64Array(256);
  sources: Float64Array = new Float64Array(256);
  counts: Float64Array = new Float64Array(256);
  size = 0;
  /** Open addressing, entry + 1 or 0; a power of two at least twice as long as `size`. */
  #slots = new Int32Array(512);

  add(target: number, source: number, count = 1): void {
    const mask = this.#slots.length - 1;
    let slot = hash(target, source) & mask;
    for (let found = this.#slots[slot]!; found !== 0; found = this.#slots[slot]!) {
      if (this.targets[found - 1] === target && this.sources[found - 1] === source) {
        this.counts[found - 1]! += count;
        return;
      }
      slot = (slot + 1) & mask;
    }
    const entry = this.size++;
    this.#slots[slot] = entry + 1;
    this.targets[entry] = target;
    this.sources[entry] = source;
    this.counts[entry] = count;
    if (this.size === this.targets.length) this.#grow();
  }

  #grow(): void {
    const double = (from: Float64Array): Float64Array => {
      const to = new Float64Array(from.length * 2);
      to.set(from);
      return to;
    };
    this.targets = double(this.targets);
    this.sources = double(this.sources);
    this.counts = double(this.counts);
    this.#slots = new Int32Array(this.targets.length * 2);
    const mask = this.#slots.length - 1;
    for (let entry = 0; entry < this.size; entry++) {
      let slot = hash(this.targets[entry]!, this.sources[entry]!) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = entry + 1;
    }
  }
}

function hash(target: number, source: number): number {
  let mixed = Math.imul(target, 0x9e3779b1) ^ Math.imul(source, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}
