/**
 * Unsigned LEB128 up to 2^53 - 1, the integers of emend's own containers. Signed ones are folded
 * first: 0, -1, 1, -2, … become 0, 1, 2, 3, ….
 */
import type { ByteWriter } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import { type ByteReader, need } from "./byte-reader.ts";

/** Appends `value`, an integer in [0, 2^53). */
export function writeVarint(to: ByteWriter, value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    to.u8((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  to.u8(rest);
}

/** The value at the reader, or undefined when it is not wholly at hand (nothing is consumed then). */
function tryReadVarint(reader: ByteReader): number | undefined {
  const { chunk } = reader;
  let value = 0;
  let unit = 1;
  for (let at = reader.at; at < chunk.length; at++) {
    const byte = chunk[at]!;
    value += (byte & 0x7f) * unit;
    if (value > Number.MAX_SAFE_INTEGER) break;
    if (byte < 0x80) {
      reader.at = at + 1;
      return value;
    }
    unit *= 0x80;
    if (unit > 2 ** 49) break;
  }
  return undefined;
}

/** The value at the reader. Throws `delta.truncated`, and `delta.format` for one of 2^53 and more. */
export function readVarint(reader: ByteReader): number {
  const quick = tryReadVarint(reader);
  if (quick !== undefined) return quick;
  let value = 0;
  for (let unit = 1; unit <= 2 ** 49; unit *= 0x80) {
    if (reader.at === reader.chunk.length) need(reader);
    const byte = reader.chunk[reader.at++]!;
    value += (byte & 0x7f) * unit;
    if (value > Number.MAX_SAFE_INTEGER) break;
    if (byte < 0x80) return value;
  }
  throw new EmendError("delta.format", `expected an integer below 2^53 in the ${reader.name} stream`);
}

/** A signed integer of less than 53 bits as an unsigned one. */
export function fold(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** The inverse of `fold`. */
export function unfold(value: number): number {
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
}
