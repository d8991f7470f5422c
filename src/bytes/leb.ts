/**
 * LEB128 at known offsets, for passes that have found the integers already and read or write millions of
 * them. Values are numbers: exact up to 2^53, which 7 bytes never reach. Reading in order, with checks, is
 * `Cursor`'s.
 */

/** Bytes that every reader here reads exactly. */
export const lebExactBytesMax = 7;

/** The unsigned integer in `bytes[start..end)`, shortest form or not. */
export function readUnsignedLeb(bytes: Uint8Array, start: number, end: number): number {
  let value = bytes[start]! & 0x7f;
  if (end - start > 4) return readWide(bytes, start, end);
  for (let at = start + 1, shift = 7; at < end; at++, shift += 7) value |= (bytes[at]! & 0x7f) << shift;
  return value;
}

/** The signed integer in `bytes[start..end)`, shortest form or not. */
export function readSignedLeb(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length <= 4) {
    const unused = 32 - 7 * length;
    return (readUnsignedLeb(bytes, start, end) << unused) >> unused;
  }
  const value = readWide(bytes, start, end);
  return bytes[end - 1]! & 0x40 ? value - 2 ** (7 * length) : value;
}

/** Length of the shortest unsigned form. */
export function unsignedLebLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  let length = 4;
  for (let bound = 2 ** 28; value >= bound; bound *= 128) length++;
  return length;
}

/** Length of the shortest signed form. */
export function signedLebLength(value: number): number {
  return unsignedLebLength(2 * (value < 0 ? -1 - value : value));
}

/** Writes `value` in exactly `length` bytes, which must be enough; returns the offset behind them. */
export function writeLeb(bytes: Uint8Array, at: number, value: number, length: number): number {
  const last = at + length - 1;
  let rest = value;
  for (; at < last && (rest > 0x7fffffff || rest < -0x80000000); at++) {
    const digit = rest - Math.floor(rest / 128) * 128;
    bytes[at] = digit | 0x80;
    rest = (rest - digit) / 128;
  }
  let small = rest | 0;
  for (; at < last; at++, small >>= 7) bytes[at] = (small & 0x7f) | 0x80;
  bytes[at] = small & 0x7f;
  return at + 1;
}

function readWide(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  let scale = 1;
  for (let at = start; at < end; at++, scale *= 128) value += (bytes[at]! & 0x7f) * scale;
  return value;
}
