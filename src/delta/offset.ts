/** bsdiff's integers: 8 bytes little-endian, bit 63 is the sign of the magnitude before it. */
import { EmendError } from "../errors.ts";

/** The integer at `at`, in (-2^53, 2^53). Throws `delta.bounds` beyond that and for a negative zero. */
export function readOffset(bytes: Uint8Array, at: number): number {
  let magnitude = bytes[at + 7]! & 0x7f;
  const negative = bytes[at + 7]! >= 0x80;
  for (let i = 6; i >= 0; i--) magnitude = magnitude * 256 + bytes[at + i]!;
  if (magnitude > Number.MAX_SAFE_INTEGER || (negative && magnitude === 0)) {
    throw new EmendError(
      "delta.bounds",
      `expected an integer of less than 53 bits, got ${negative ? "-" : ""}${magnitude}`,
    );
  }
  return negative ? -magnitude : magnitude;
}

/** Writes a safe integer. */
export function writeOffset(bytes: Uint8Array, at: number, value: number): void {
  let rest = Math.abs(value);
  for (let i = 0; i < 8; i++) {
    bytes[at + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  if (value < 0) bytes[at + 7]! |= 0x80;
}
