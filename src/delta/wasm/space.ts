/** The seven spaces of values that a mapping covers: indices, constants, memory offsets and words of data. */

/** Something that gives each value of a space its other value. */
export interface SpaceMap {
  get(value: number): number;
  /** Whether every value stays. */
  readonly isEmpty: boolean;
}

/** One map per space, in the order of the format: functions, globals, types, i32, i64, memory offsets, words of data. */
export type SpaceMaps = readonly SpaceMap[];

export const spaceCount = 7;

/** The space of 32-bit words in data segments and of the segments' addresses; the others are of immediates. */
export const dataSpace = 6;

/** The space of each kind of immediate; a block type that is an index counts among the types. */
export const spaceOfKind: readonly number[] = [0, 1, 2, 2, 3, 4, 5];

/** Larger values never move, so that every sum stays far from the end of 7 bytes. */
export const movedMax: number = 2 ** 32;
