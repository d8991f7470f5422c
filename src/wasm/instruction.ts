/**
 * Steps over single instructions (core spec §5.4), so that code can be searched without being validated.
 * The engine validates; this only has to know where each instruction ends.
 */
import { type Cursor, DecodeError } from "../bytes/index.ts";
import { readHeapType, readValueType } from "./value-type.ts";

/**
 * What follows an opcode, one letter each: `F`/`G`/`T` function, global or type index, `u` any other u32,
 * `i` s32, `l` s64, `f`/`d` 4 or 8 bytes, `m` memarg, `b` block type, `t` br_table, `v` list of value types,
 * `h` heap type, `1`/`k` 1 or 16 bytes, `c` catch clauses.
 */
const plain: string[] = [];
plain[0x02] = plain[0x03] = plain[0x04] = plain[0x06] = "b";
plain[0x07] = plain[0x08] = plain[0x09] = plain[0x18] = "u";
plain[0x0c] = plain[0x0d] = "u";
plain[0x0e] = "t";
plain[0x10] = plain[0x12] = "F";
plain[0x14] = plain[0x15] = "T";
plain[0x11] = plain[0x13] = "Tu";
plain[0x1c] = "v";
plain[0x1f] = "bc";
for (let op = 0x20; op <= 0x26; op++) plain[op] = "u";
plain[0x23] = plain[0x24] = "G";
for (let op = 0x28; op <= 0x3e; op++) plain[op] = "m";
plain[0x3f] = plain[0x40] = "u";
plain[0x41] = "i";
plain[0x42] = "l";
plain[0x43] = "f";
plain[0x44] = "d";
plain[0xd0] = "h";
plain[0xd2] = "F";
plain[0xd5] = plain[0xd6] = "u";
for (const op of [0x00, 0x01, 0x05, 0x0a, 0x0b, 0x0f, 0x19, 0x1a, 0x1b, 0xd1, 0xd3, 0xd4]) plain[op] = "";
for (let op = 0x45; op <= 0xc4; op++) plain[op] = "";

/** 0xfb: GC. */
const gc: string[] = [
  ...["T", "T", "Tu", "Tu", "Tu", "Tu", "T", "T", "Tu", "Tu", "Tu", "T", "T", "T", "T", ""],
  ...["T", "TT", "Tu", "Tu", "h", "h", "h", "h", "1uhh", "1uhh", "", "", "", "", ""],
];

/** 0xfc: saturating truncation, bulk memory and tables, wide arithmetic. */
const bulk: string[] = [
  ...["", "", "", "", "", "", "", ""],
  ...["uu", "u", "uu", "u", "uu", "u", "uu", "u", "u", "u"],
];
bulk[0x13] = bulk[0x14] = bulk[0x15] = bulk[0x16] = "";

/** 0xfd: SIMD, relaxed SIMD included. */
const simd = (op: number): string | undefined => {
  if (op <= 0x0b || op === 0x5c || op === 0x5d) return "m";
  if (op === 0x0c || op === 0x0d) return "k";
  if (op >= 0x15 && op <= 0x22) return "1";
  if (op >= 0x54 && op <= 0x5b) return "m1";
  return op <= 0x113 ? "" : undefined;
};

/** 0xfe: atomics; 3 is atomic.fence. */
const atomic = (op: number): string | undefined => (op === 3 ? "1" : op <= 0x4e ? "m" : undefined);

/** An opcode, behind its prefix in three digits (SIMD needs them): `0xfc008` is memory.init, `0x40` memory.grow. */
export type Opcode = number;

/** Opcodes that passes and analyses look for. */
export const opcode = {
  memoryGrow: 0x40,
  tableSet: 0x26,
  memoryInit: 0xfc008,
  dataDrop: 0xfc009,
  tableInit: 0xfc00c,
  elemDrop: 0xfc00d,
  tableCopy: 0xfc00e,
  tableGrow: 0xfc00f,
  tableFill: 0xfc011,
} as const;

/**
 * Reads one instruction and leaves the cursor behind its immediates.
 *
 * @throws DecodeError for an opcode that emend does not know.
 */
export function readInstruction(cursor: Cursor): Opcode {
  const start = cursor.offset;
  const first = cursor.u8();
  if (first < 0xfb || first > 0xfe) {
    return skipImmediates(cursor, shapeOf(first, 0), first, start);
  }
  const second = cursor.u32();
  return skipImmediates(cursor, shapeOf(first, second), first * 0x1000 + second, start);
}

/**
 * The letters of what follows an opcode; undefined for one that emend does not know. `second` counts only
 * behind the prefixes 0xfb to 0xfe.
 */
export function shapeOf(first: number, second: number): string | undefined {
  if (first === 0xfb) return gc[second];
  if (first === 0xfc) return bulk[second];
  if (first === 0xfd) return simd(second);
  return first === 0xfe ? atomic(second) : plain[first];
}

function skipImmediates(cursor: Cursor, shape: string | undefined, op: Opcode, start: number): Opcode {
  if (shape === undefined) throw new DecodeError(start, `an unknown instruction 0x${op.toString(16)}`);
  for (let i = 0; i < shape.length; i++) skipImmediate(cursor, shape.charCodeAt(i));
  return op;
}

function skipImmediate(cursor: Cursor, letter: number): void {
  switch (letter) {
    case 0x46: // F
    case 0x47: // G
    case 0x54: // T
    case 0x75: // u
    case 0x69: // i
      cursor.skipLeb(5);
      break;
    case 0x6c: // l
      cursor.skipLeb(10);
      break;
    case 0x66: // f
      cursor.skip(4);
      break;
    case 0x64: // d
      cursor.skip(8);
      break;
    case 0x6d: // m: alignment, with bit 6 a memory index, then the offset (64 bits with memory64)
      if (cursor.u32() & 0x40) cursor.u32();
      cursor.skipLeb(10);
      break;
    case 0x62: // b: 0x40, a value type, or a type index
      skipBlockType(cursor);
      break;
    case 0x74: // t
      for (let count = cursor.u32() + 1; count > 0; count--) cursor.u32();
      break;
    case 0x76: // v
      for (let count = cursor.u32(); count > 0; count--) readValueType(cursor);
      break;
    case 0x68: // h
      readHeapType(cursor);
      break;
    case 0x31: // 1
      cursor.skip(1);
      break;
    case 0x6b: // k
      cursor.skip(16);
      break;
    case 0x63: // c: catch and catch_ref carry a tag, catch_all and catch_all_ref do not
      for (let count = cursor.u32(); count > 0; count--) {
        if (cursor.u8() < 2) cursor.u32();
        cursor.u32();
      }
      break;
  }
}

function skipBlockType(cursor: Cursor): void {
  const byte = cursor.bytes[cursor.offset];
  if (byte === 0x40) cursor.skip(1);
  else if (byte === 0x63 || byte === 0x64 || (byte !== undefined && byte >= 0x69 && byte < 0x80))
    readValueType(cursor);
  else cursor.s33();
}
