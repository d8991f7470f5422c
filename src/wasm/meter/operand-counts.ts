/**
 * By how much each instruction without a type of its own changes the height of the operand stack. Only frames are
 * judged by it, so in code that cannot be reached it may be wrong; elsewhere it is what validation would say.
 */

/** Opcodes of one byte. What depends on a type or ends a path (calls, blocks, branches) is 0 and counted where it is. */
export const heightChanges: Int8Array = fill(new Int8Array(256), [
  [-2, [0x1b, 0x1c], [0x26], [0x36, 0x3e]],
  [-1, [0x1a], [0x21], [0x24], [0x46, 0x4f], [0x51, 0x66], [0x6a, 0x78], [0x7c, 0x8a], [0x92, 0x98]],
  [-1, [0xa0, 0xa6], [0xd3]],
  [1, [0x20], [0x23], [0x3f], [0x41, 0x44], [0xd0], [0xd2]],
]);

/** Behind the prefix 0xfd. */
const vectorChanges: Int8Array = fill(new Int8Array(0x114), [
  // Two operands make one, unless a line below says otherwise.
  [-1, [0x0d, 0x113]],
  [0, [0x00, 0x0a], [0x0f, 0x16], [0x18, 0x19], [0x1b], [0x1d], [0x1f], [0x21], [0x4d], [0x53]],
  [0, [0x5c, 0x64], [0x67, 0x6a], [0x74, 0x75], [0x7a], [0x7c, 0x81], [0x83, 0x84], [0x87, 0x8a], [0x94]],
  [0, [0xa0, 0xa1], [0xa3, 0xa4], [0xa7, 0xaa], [0xc0, 0xc1], [0xc3, 0xc4], [0xc7, 0xca]],
  [0, [0xe0, 0xe1], [0xe3], [0xec, 0xed], [0xef], [0xf8, 0xff], [0x101, 0x104]],
  [-2, [0x0b], [0x52], [0x58, 0x5b], [0x105, 0x10c], [0x113]],
  [1, [0x0c]],
]);

/** Behind the prefix 0xfe. */
const atomicChanges: Int8Array = fill(new Int8Array(0x4f), [
  [-1, [0x00], [0x1e, 0x47]],
  [-2, [0x01, 0x02], [0x17, 0x1d], [0x48, 0x4e]],
]);

/** Behind the prefix 0xfc: truncations, bulk operations, table.grow and table.size, wide arithmetic. */
const bulkChanges: readonly number[] = [
  ...[0, 0, 0, 0, 0, 0, 0, 0],
  ...[-3, 0, -3, -3, -3, 0, -3, -1, 1, -3, 0, -2, -2, 0, 0],
];

/** The change of an instruction behind a prefix. */
export function prefixedHeightChange(prefix: number, second: number): number {
  if (prefix === 0xfc) return bulkChanges[second] ?? 0;
  return (prefix === 0xfd ? vectorChanges[second] : atomicChanges[second]) ?? 0;
}

type Row = readonly [change: number, ...ranges: readonly (readonly [first: number, last?: number])[]];

function fill(changes: Int8Array, rows: readonly Row[]): Int8Array {
  for (const [change, ...ranges] of rows)
    for (const [first, last = first] of ranges) changes.fill(change, first, last + 1);
  return changes;
}
