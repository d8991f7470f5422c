import { expect, test } from "bun:test";
import fc from "fast-check";
import { ByteWriter } from "./byte-writer.ts";
import { Cursor } from "./cursor.ts";

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const s32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

test("u32 is what Cursor.u32 reads, in no more bytes than it takes", () => {
  fc.assert(
    fc.property(u32, (value) => {
      const bytes = new ByteWriter().u32(value).finish();
      expect(new Cursor(bytes).u32()).toBe(value);
      expect(bytes.length).toBe(Math.max(1, Math.ceil((32 - Math.clz32(value)) / 7)));
    }),
  );
});

test("s32 is what Cursor.s33 reads, in no more bytes than it takes", () => {
  fc.assert(
    fc.property(s32, (value) => {
      const bytes = new ByteWriter().s32(value).finish();
      expect(new Cursor(bytes).s33()).toBe(value);
      const magnitudeBits = 32 - Math.clz32(value < 0 ? ~value : value);
      expect(bytes.length).toBe(Math.floor(magnitudeBits / 7) + 1);
    }),
  );
});

test("what is written piece by piece reads back in order, however often the buffer grew", () => {
  const pieces = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("u32" as const), value: u32 }),
      fc.record({
        kind: fc.constant("name" as const),
        value: fc.string({ unit: "grapheme", maxLength: 300 }),
      }),
      fc.record({ kind: fc.constant("raw" as const), value: fc.uint8Array({ maxLength: 600 }) }),
    ),
  );
  fc.assert(
    fc.property(pieces, (written) => {
      const out = new ByteWriter();
      for (const piece of written) {
        if (piece.kind === "u32") out.u32(piece.value);
        else if (piece.kind === "name") out.name(piece.value);
        else out.raw(piece.value);
      }
      const cursor = new Cursor(out.finish());
      for (const piece of written) {
        if (piece.kind === "u32") expect(cursor.u32()).toBe(piece.value);
        else if (piece.kind === "name") expect(cursor.name()).toBe(piece.value);
        else expect(cursor.take(piece.value.length)).toEqual(piece.value);
      }
      expect([cursor.atEnd, out.length]).toEqual([true, cursor.end]);
    }),
  );
});
