/**
 * Where the code of a module is changed, in order, and how. Offsets count in the payload of the code section.
 * The walk that finds the places does not yet know the figures (how much a loop costs, which functions count
 * their depth), so places are kept as numbers in columns and written out when everything is known.
 */

/** What happens at a place. */
export const editKind = {
  /** Takes `value` units of fuel and looks whether any are left. */
  charge: 0,
  /** A call: the fuel is written back in front of it and read again behind it. Or what throws. */
  call: 1,
  /** Calls the function `value` instead of the instruction that is there. */
  replace: 2,
  /** A return becomes a branch to the block `value` around the function's code. */
  leave: 3,
  /** In front of a tail call what was counted is written back. */
  tailCall: 4,
  /** In a function that counts its depth: an exception may have come through callees that never gave it back. */
  caught: 5,
  /** `caught` at the head of a loop, then `charge`. */
  caughtCharge: 6,
  /** A function that hands exceptions on to its caller, past the block around its code. */
  delegate: 7,
} as const;

export class EditList {
  count = 0;
  kinds: Uint8Array = new Uint8Array(4096);
  /** Where the change is. */
  starts: Uint32Array = new Uint32Array(4096);
  /** How many bytes of the original it replaces. */
  lengths: Uint32Array = new Uint32Array(4096);
  values: Uint32Array = new Uint32Array(4096);

  /** Adds a place behind all others and returns its number. */
  push(kind: number, start: number, length: number, value: number): number {
    const index = this.count++;
    if (index === this.kinds.length) this.#grow();
    this.kinds[index] = kind;
    this.starts[index] = start;
    this.lengths[index] = length;
    this.values[index] = value;
    return index;
  }

  #grow(): void {
    const { kinds, starts, lengths, values } = this;
    const size = kinds.length * 2;
    this.kinds = new Uint8Array(size);
    this.kinds.set(kinds);
    [this.starts, this.lengths, this.values] = [starts, lengths, values].map((column) => {
      const grown = new Uint32Array(size);
      grown.set(column);
      return grown;
    }) as [Uint32Array, Uint32Array, Uint32Array];
  }
}
