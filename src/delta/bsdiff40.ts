/**
 * BSDIFF40, the format of Colin Percival's bsdiff 4 (Debian's `bsdiff`, Sparkle), and the raw
 * ENDSLEY/BSDIFF43 whose records are one bzip2 stream (mendsley's command line, `@hot-updater/bsdiff`).
 * bzip2 comes from a library that decodes a whole stream at once, so these foreign forms take the size of
 * the target once more while they are applied.
 *
 *     0    8  "BSDIFF40"
 *     8    8  length of the coded control stream
 *     16   8  length of the coded difference stream
 *     24   8  target size
 *     32      three bzip2 streams: control (add 8, copy 8, seek 8 each), differences, extra bytes
 */
import { ByteWriter } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import type { Stretch } from "./align.ts";
import { memoryReader, readBytes } from "./byte-reader.ts";
import { bunzip2 } from "./bzip2/decode.ts";
import { bzip2 } from "./bzip2/encode.ts";
import { applyEndsley, endsleyHeadBytes, endsleyMagic, readEndsleyHead, toRecords } from "./endsley.ts";
import { foreignRecordsMax } from "./limits.ts";
import { readOffset, writeOffset } from "./offset.ts";
import { addDense, expectEnds, patch } from "./patcher.ts";

export const bsdiff40Magic = "BSDIFF40";
const headBytes = 32;
const recordBytes = 24;

export interface OpenedForeign {
  readonly targetSize: number;
  readonly apply: (source: Uint8Array) => Uint8Array<ArrayBuffer>;
}

/** Writes the delta for stretches that make `target` from `source`. */
export function encodeBsdiff40(
  source: Uint8Array,
  target: Uint8Array,
  stretches: readonly Stretch[],
): Uint8Array<ArrayBuffer> {
  const records = toRecords(stretches);
  const control = new Uint8Array(records.length * recordBytes);
  const differences = new ByteWriter();
  const extra = new ByteWriter();
  let at = 0;
  let from = 0;
  records.forEach(({ add, copy, seek }, i) => {
    writeOffset(control, i * recordBytes, add);
    writeOffset(control, i * recordBytes + 8, copy);
    writeOffset(control, i * recordBytes + 16, seek);
    const changed = target.slice(at, at + add);
    for (let k = 0; k < add; k++) changed[k]! -= source[from + k]!;
    differences.raw(changed);
    extra.raw(target.subarray(at + add, at + add + copy));
    at += add + copy;
    from += add + seek;
  });
  const [codedControl, codedDifferences] = [bzip2(control), bzip2(differences.finish())];
  const head = new Uint8Array(headBytes);
  head.set(new TextEncoder().encode(bsdiff40Magic));
  writeOffset(head, 8, codedControl.length);
  writeOffset(head, 16, codedDifferences.length);
  writeOffset(head, 24, target.length);
  return new ByteWriter()
    .raw(head)
    .raw(codedControl)
    .raw(codedDifferences)
    .raw(bzip2(extra.finish()))
    .finish()
    .slice();
}

/** What a BSDIFF40 file says, and how it is applied. Throws `delta.*`. */
export function openBsdiff40(bytes: Uint8Array): OpenedForeign {
  if (bytes.length < headBytes) {
    throw new EmendError("delta.truncated", `a delta of ${bytes.length} bytes is shorter than its head`);
  }
  const [control, differences, targetSize] = [
    readOffset(bytes, 8),
    readOffset(bytes, 16),
    readOffset(bytes, 24),
  ];
  if (control < 0 || differences < 0 || targetSize < 0) {
    throw new EmendError(
      "delta.bounds",
      `negative lengths in the head: ${control}, ${differences}, ${targetSize}`,
    );
  }
  if (control + differences > bytes.length - headBytes) {
    const left = bytes.length - headBytes;
    throw new EmendError("delta.truncated", `${left} bytes of streams, expected ${control} + ${differences}`);
  }
  const at = headBytes + control;
  return {
    targetSize,
    apply: (source) => {
      const records = memoryReader(
        "control",
        bunzip2("control", bytes.subarray(headBytes, at), recordBytes * foreignRecordsMax),
      );
      const changes = memoryReader(
        "difference",
        bunzip2("difference", bytes.subarray(at, at + differences), targetSize),
      );
      const extra = memoryReader("extra", bunzip2("extra", bytes.subarray(at + differences), targetSize));
      return patch(source, targetSize, {
        seekFirst: false,
        extra,
        nextRecord(record) {
          const next = readBytes(records, recordBytes);
          record.add = readOffset(next, 0);
          record.copy = readOffset(next, 8);
          record.seek = readOffset(next, 16);
        },
        addDifferences: (target, to, from, offset, length) =>
          addDense(changes, target, to, from, offset, length),
        finish: () => expectEnds([records, changes, extra]),
      });
    },
  };
}

/** What a raw ENDSLEY/BSDIFF43 file says, and how it is applied: records in bzip2, or not compressed. */
export function openRawEndsley(bytes: Uint8Array): OpenedForeign {
  const targetSize = readEndsleyHead(memoryReader("head", bytes.subarray(0, endsleyHeadBytes)));
  return {
    targetSize,
    apply: (source) => {
      const rest = bytes.subarray(endsleyHeadBytes);
      const isBzip2 = rest[0] === 0x42 && rest[1] === 0x5a && rest[2] === 0x68;
      const records = isBzip2 ? bunzip2("record", rest, targetSize + recordBytes * foreignRecordsMax) : rest;
      return applyEndsley(source, targetSize, memoryReader("record", records));
    },
  };
}

/** Whether `bytes` begin with the magic of either form. */
export function foreignForm(bytes: Uint8Array): "bsdiff40" | "endsley" | undefined {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 16));
  if (head.startsWith(bsdiff40Magic)) return "bsdiff40";
  return head === endsleyMagic ? "endsley" : undefined;
}
