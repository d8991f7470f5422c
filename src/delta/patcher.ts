/**
 * Makes the target from the source and a list of records: the one loop behind every bsdiff-like
 * format. A format says where records, differences and extra bytes come from; every check on them is
 * here (the table in README.md names the hole that each one closes).
 */
import { EmendError } from "../errors.ts";
import { type ByteReader, expectEnd, need, readInto } from "./byte-reader.ts";

/** Add `add` source bytes and differences, take `copy` extra bytes, move on by `seek` in the source. */
export interface PatchRecord {
  add: number;
  copy: number;
  seek: number;
}

/** Where a format keeps what the loop needs. */
export interface PatchStreams {
  /** Reads the next record into `record`. */
  nextRecord(record: PatchRecord): void;
  /** Writes `length` bytes to `target[at…]`: those of `source[from…]` plus differences. */
  addDifferences(target: Uint8Array, at: number, source: Uint8Array, from: number, length: number): void;
  readonly extra: ByteReader;
  /** Whether the seek stands before the addition (emend's container) or after the copy (bsdiff). */
  readonly seekFirst: boolean;
  /** Throws unless all streams have ended. */
  finish(): void;
}

/** Refuses what the loop would otherwise do out of bounds. */
function refuse(what: string): never {
  throw new EmendError("delta.bounds", what);
}

/** Gives so many bytes to write to. What is in them does not matter. */
export type Allocate = (bytes: number) => Uint8Array<ArrayBuffer>;

export const allocateNew: Allocate = (bytes) => new Uint8Array(bytes);

/**
 * The target, exactly `targetSize` bytes: allocated here, so the caller has capped it.
 * Throws `delta.bounds`, `delta.truncated`, `delta.format` and `delta.bomb`.
 */
export function patch(
  source: Uint8Array,
  targetSize: number,
  streams: PatchStreams,
  allocate: Allocate = allocateNew,
): Uint8Array<ArrayBuffer> {
  const target = allocate(targetSize);
  const record: PatchRecord = { add: 0, copy: 0, seek: 0 };
  let at = 0;
  let from = 0;
  let idle = 0;
  while (at < targetSize) {
    streams.nextRecord(record);
    const { add, copy, seek } = record;
    const left = targetSize - at;
    if (add < 0 || copy < 0) refuse(`a record of ${add} bytes to add and ${copy} to copy at ${at}`);
    if (add > left || copy > left - add) {
      refuse(`a record of ${add} + ${copy} bytes at ${at}, expected at most ${left}`);
    }
    if (add === 0 && copy === 0) {
      // bsdiff writes some, also two in a row, but each of its records costs it a byte of the target.
      idle += 1;
      if (idle > targetSize + 1)
        throw new EmendError("delta.bomb", `${idle} records without progress for ${targetSize} bytes`);
    }

    if (streams.seekFirst) from = move(from, seek, source.length);
    if (add > source.length - from) refuse(`${add} bytes from ${from} of a source of ${source.length}`);
    if (add > 0) streams.addDifferences(target, at, source, from, add);
    at += add;
    from += add;
    if (copy > 0) readInto(streams.extra, target, at, copy);
    at += copy;
    if (!streams.seekFirst) from = move(from, seek, source.length);
  }
  streams.finish();
  return target;
}

function move(from: number, seek: number, sourceSize: number): number {
  const to = from + seek;
  if (!Number.isSafeInteger(to) || to < 0 || to > sourceSize) {
    refuse(`a seek by ${seek} from ${from} in a source of ${sourceSize} bytes`);
  }
  return to;
}

/** Dense differences, one byte for each byte added (ENDSLEY and BSDIFF40). */
export function addDense(
  differences: ByteReader,
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  length: number,
): void {
  target.set(source.subarray(from, from + length), at);
  for (let done = 0; done < length; ) {
    if (differences.at === differences.chunk.length) need(differences);
    const end = Math.min(differences.chunk.length, differences.at + length - done);
    addBytes(target, at + done, differences.chunk.subarray(differences.at, end));
    done += end - differences.at;
    differences.at = end;
  }
}

/** Adds `bytes` to those of `target` from `at` on. Most are 0, so they are looked at four at a time. */
function addBytes(target: Uint8Array, at: number, bytes: Uint8Array): void {
  const head = -bytes.byteOffset & 3;
  const count = Math.max(0, bytes.length - head) >> 2;
  if (count === 0) {
    for (let i = 0; i < bytes.length; i++) target[at + i]! += bytes[i]!;
    return;
  }
  for (let i = 0; i < head; i++) target[at + i]! += bytes[i]!;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + head, count);
  for (let k = 0; k < count; k++) {
    if (words[k] === 0) continue;
    for (let i = head + 4 * k; i < head + 4 * k + 4; i++) target[at + i]! += bytes[i]!;
  }
  for (let i = head + 4 * count; i < bytes.length; i++) target[at + i]! += bytes[i]!;
}

/** `expectEnd` of several streams. */
export function expectEnds(readers: readonly ByteReader[]): void {
  for (const reader of readers) expectEnd(reader);
}
