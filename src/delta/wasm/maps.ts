/** The bytes of `maps`; README.md has their layout. */

import {
  lebExactBytesMax,
  readSignedLeb,
  readUnsignedLeb,
  signedLebLength,
  unsignedLebLength,
  writeLeb,
} from "../../bytes/index.ts";
import { EmendError } from "../../errors.ts";
import { Piecewise } from "./piecewise.ts";
import { spaceCount } from "./space.ts";

export interface Maps {
  readonly targetLength: number;
  readonly spaces: readonly Piecewise[];
}

export function encodeMaps(maps: Maps): Uint8Array<ArrayBuffer> {
  const columns: { value: number; signed: boolean }[] = [{ value: maps.targetLength, signed: false }];
  for (const { starts } of maps.spaces) columns.push({ value: starts.length, signed: false });
  for (const { starts } of maps.spaces) {
    starts.forEach((start, i) => {
      columns.push(
        i === 0 ? { value: start, signed: true } : { value: start - starts[i - 1]!, signed: false },
      );
    });
  }
  for (const { shifts } of maps.spaces) {
    shifts.forEach((shift, i) => void columns.push({ value: shift - (shifts[i - 1] ?? 0), signed: true }));
  }
  const bytes = new Uint8Array(columns.length * lebExactBytesMax);
  let at = 0;
  for (const { value, signed } of columns) {
    at = writeLeb(bytes, at, value, signed ? signedLebLength(value) : unsignedLebLength(value));
  }
  return bytes.slice(0, at);
}

/**
 * Decodes maps from anybody.
 *
 * @throws EmendError `delta.format`: an integer that does not end or takes more than 7 bytes, pieces out of
 *   order, bytes left over. Nothing larger than the bytes is allocated.
 */
export function decodeMaps(bytes: Uint8Array): Maps {
  let at = 0;
  const next = (signed: boolean): number => {
    const start = at;
    while (bytes[at++]! >= 0x80);
    if (at > bytes.length) throw new EmendError("delta.format", "expected more bytes at the end of the maps");
    if (at - start > lebExactBytesMax) {
      throw new EmendError(
        "delta.format",
        `expected an integer of at most 7 bytes, got ${at - start} in the maps`,
      );
    }
    return signed ? readSignedLeb(bytes, start, at) : readUnsignedLeb(bytes, start, at);
  };
  const targetLength = next(false);
  const counts = Array.from({ length: spaceCount }, () => next(false));
  // A piece takes two bytes at least: what the counts promise has to be here.
  const pieces = counts.reduce((sum, count) => sum + count, 0);
  if (pieces * 2 > bytes.length - at) {
    throw new EmendError(
      "delta.format",
      `expected ${pieces} pieces, got ${bytes.length - at} bytes in the maps`,
    );
  }
  const starts = counts.map((count) => {
    const column = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const gap = next(i === 0);
      if (i > 0 && gap === 0)
        throw new EmendError("delta.format", "expected pieces in order, got two at one value");
      column[i] = i === 0 ? gap : column[i - 1]! + gap;
    }
    return checked(column);
  });
  const shifts = counts.map((count) => {
    const column = new Float64Array(count);
    for (let i = 0; i < count; i++) column[i] = (i === 0 ? 0 : column[i - 1]!) + next(true);
    return checked(column);
  });
  if (at !== bytes.length) throw new EmendError("delta.format", `${bytes.length - at} bytes behind the maps`);
  return { targetLength, spaces: starts.map((column, i) => new Piecewise(column, shifts[i]!)) };
}

/** Largest start and shift either way: sums stay exact. */
const magnitudeMax = 2 ** 49;

function checked(column: Float64Array): Float64Array {
  for (const value of column) {
    if (Math.abs(value) > magnitudeMax) {
      throw new EmendError("delta.format", `expected numbers up to 2^49, got ${value} in the maps`);
    }
  }
  return column;
}
