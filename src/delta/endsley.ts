/**
 * ENDSLEY/BSDIFF43 inside gzip (`endsley-gzip`), as AOSP's `endsley` and mendsley/bsdiff write it: the
 * format that other tools read. The whole file, head included, is one gzip member:
 *
 *     0   16   "ENDSLEY/BSDIFF43"
 *     16   8   target size
 *     24       records: add 8, copy 8, seek 8, `add` differences, `copy` extra bytes
 *
 * Integers are 8 bytes little-endian, sign and magnitude. bsdiff's own digests do not exist; emend puts
 * those of source and target into the gzip header's FEXTRA, which other tools skip (gzip.ts).
 */
import { EmendError } from "../errors.ts";
import type { Stretch } from "./align.ts";
import { type ByteReader, expectEnd, readBytes } from "./byte-reader.ts";
import { readOffset, writeOffset } from "./offset.ts";
import { addDense, type PatchRecord, type PatchStreams, patch } from "./patcher.ts";

export const endsleyMagic = "ENDSLEY/BSDIFF43";
export const endsleyHeadBytes = 24;
/** Bytes of a record before its differences. */
const recordBytes = 24;

/** The file before compression. */
export function encodeEndsley(
  source: Uint8Array,
  target: Uint8Array,
  stretches: readonly Stretch[],
): Uint8Array {
  const records = toRecords(stretches);
  const bytes = new Uint8Array(endsleyHeadBytes + records.length * recordBytes + target.length);
  bytes.set(new TextEncoder().encode(endsleyMagic));
  writeOffset(bytes, 16, target.length);
  let to = endsleyHeadBytes;
  let at = 0;
  let from = 0;
  for (const { add, copy, seek } of records) {
    writeOffset(bytes, to, add);
    writeOffset(bytes, to + 8, copy);
    writeOffset(bytes, to + 16, seek);
    to += recordBytes;
    for (let i = 0; i < add; i++) bytes[to + i] = target[at + i]! - source[from + i]!;
    bytes.set(target.subarray(at + add, at + add + copy), to + add);
    to += add + copy;
    at += add + copy;
    from += add + seek;
  }
  return bytes;
}

/** Stretches as bsdiff's records, whose seek comes last. */
export function toRecords(stretches: readonly Stretch[]): PatchRecord[] {
  const records: PatchRecord[] = [];
  const first = stretches[0];
  if (first !== undefined && first.sourceOffset !== 0)
    records.push({ add: 0, copy: 0, seek: first.sourceOffset });
  stretches.forEach(({ sourceOffset, add, copy }, i) => {
    const next = stretches[i + 1];
    records.push({ add, copy, seek: next === undefined ? 0 : next.sourceOffset - sourceOffset - add });
  });
  return records;
}

/** Reads the head: the target's size. Throws `delta.format` and `delta.truncated`. */
export function readEndsleyHead(reader: ByteReader): number {
  const head = readBytes(reader, endsleyHeadBytes);
  if (new TextDecoder().decode(head.subarray(0, 16)) !== endsleyMagic) {
    throw new EmendError("delta.format", `expected ${endsleyMagic}`);
  }
  const size = readOffset(head, 16);
  if (size < 0) throw new EmendError("delta.bounds", `a target of ${size} bytes`);
  return size;
}

/** Applies the records behind the head. Throws `delta.*`. */
export function applyEndsley(
  source: Uint8Array,
  targetSize: number,
  reader: ByteReader,
): Uint8Array<ArrayBuffer> {
  const streams: PatchStreams = {
    seekFirst: false,
    extra: reader,
    nextRecord(record) {
      const bytes = readBytes(reader, recordBytes);
      record.add = readOffset(bytes, 0);
      record.copy = readOffset(bytes, 8);
      record.seek = readOffset(bytes, 16);
    },
    addDifferences: (target, at, from, offset, length) => addDense(reader, target, at, from, offset, length),
    finish: () => expectEnd(reader),
  };
  return patch(source, targetSize, streams);
}
