/**
 * Instructions that one go of would outrun any slice, as functions of the module: bulk operations go in pieces with
 * a charge before each, and what makes a memory or a table larger asks the host.
 *
 * A large operation first looks at its bounds with an operation of length 0 behind its end: it traps exactly when
 * the whole would, with the same words, and before any byte is written. The bounds hold afterwards: nothing shrinks.
 */
import { ByteWriter } from "../../bytes/index.ts";
import type { Additions } from "../additions.ts";
import type { ModuleInfo } from "../module.ts";
import type { ValueType } from "../value-type.ts";
import { type Gate, gateEntry, pushCharge, pushGateCall } from "./gate.ts";

/** Bytes of memory that are written in one go. */
const memoryPieceBytes: number = 256 * 1024;

/** Entries of a table that are written in one go: 256 KiB of references. */
const tablePieceEntries: number = 32 * 1024;

/** Bytes or entries that are not worth a look at the fuel. */
const shortMax = 256;

/** Fuel: one unit for so many bytes as a power of two (8 bytes), and for each entry of a table (4 units). */
const [bytesShift, entriesShift] = [3, 2];

/** What a short operation costs, whatever its length; whoever has it charges that. */
export const shortFuel: number = (shortMax >> bytesShift) + 4;

/** What a growth costs beside what it copies and clears: it asks the host. */
const growthFuel = 200;

/** Fuel for a page that a grown memory has: all of it may be copied to another place. */
const growthPageShift = 12;

/** The functions that stand in for such instructions, each made when the first place needs it. */
export class LongOperations {
  readonly #module: ModuleInfo;
  readonly #additions: Additions;
  readonly #gate: Gate;
  readonly #known = new Map<string, number>();

  constructor(module: ModuleInfo, additions: Additions, gate: Gate) {
    this.#module = module;
    this.#additions = additions;
    this.#gate = gate;
  }

  /** The function for an instruction; `indices` are its immediates in the order of the format. */
  of(op: number, indices: readonly number[]): number {
    const key = `${op} ${indices}`;
    let index = this.#known.get(key);
    if (index === undefined) {
      index = this.#make(op, indices);
      this.#known.set(key, index);
    }
    return index;
  }

  #make(op: number, indices: readonly number[]): number {
    const additions = this.#additions;
    const [first = 0] = indices;
    if (op === 0x40) return additions.func(additions.type(["i32"], ["i32"]), this.#growMemory(first));
    const code = new ByteWriter().u8(0xfc).u32(op - 0xfc000);
    for (const index of indices) code.u32(index);
    const instruction = code.finish();
    if (op === 0xfc00f) {
      const type = additions.type([this.#tableType(first), "i32"], ["i32"]);
      return additions.func(type, this.#growTable(first, instruction));
    }
    const source = op === 0xfc011 ? this.#tableType(first) : "i32";
    const type = additions.type(["i32", source, "i32"], []);
    return additions.func(type, short(instruction, additions.func(type, this.#inPieces(op, instruction))));
  }

  #tableType(index: number): ValueType {
    return this.#module.tables[index]?.type ?? "funcref";
  }

  /** (at, source, count): a value to fill with has no place of its own to move along. */
  #inPieces(op: number, instruction: Uint8Array): Uint8Array {
    const [at, source, count] = [0, 1, 2];
    const [isFill, isCopy] = [op === 0xfc00b || op === 0xfc011, op === 0xfc00a || op === 0xfc00e];
    const isTable = op >= 0xfc00c;
    const piece = isTable ? tablePieceEntries : memoryPieceBytes;
    const moving = isFill ? [at] : [at, source];
    const out = new ByteWriter().u8(0);
    const charge = (): void => {
      const [shift, operator] = isTable ? [entriesShift, 0x74] : [bytesShift, 0x76];
      pushCharge(out, this.#gate, () => out.u8(0x20, count, 0x41, shift, operator, 0x41, 4, 0x6a));
    };
    const chargePiece = (): void =>
      pushCharge(out, this.#gate, () =>
        out.u8(0x41).s32(isTable ? piece << entriesShift : piece >> bytesShift),
      );

    out.u8(0x02, 0x40, 0x20, count, 0x41).s32(piece).u8(0x4d, 0x0d, 0);
    // An end behind 2^32 is out of bounds: no memory or table that emend allows is so large.
    for (const each of moving) {
      out.u8(0x20, each, 0x20, count, 0x6a, 0x20, each, 0x49, 0x04, 0x40);
      out.u8(0x20, at, 0x20, source, 0x20, count).raw(instruction).u8(0x00, 0x0b);
    }
    for (const each of [at, source])
      out.u8(0x20, each).u8(...(moving.includes(each) ? [0x20, count, 0x6a] : []));
    out.u8(0x41, 0).raw(instruction);
    if (isCopy) {
      // Towards higher places: from the end, so that nothing is overwritten that is yet to be read.
      out.u8(0x20, at, 0x20, source, 0x4b, 0x04, 0x40, 0x03, 0x40);
      chargePiece();
      out.u8(0x20, count, 0x41).s32(piece).u8(0x6b, 0x21, count);
      out.u8(0x20, at, 0x20, count, 0x6a, 0x20, source, 0x20, count, 0x6a, 0x41).s32(piece).raw(instruction);
      out.u8(0x20, count, 0x41).s32(piece).u8(0x4b, 0x0d, 0, 0x0b, 0x0c, 1, 0x0b);
    }
    out.u8(0x03, 0x40);
    chargePiece();
    out.u8(0x20, at, 0x20, source, 0x41).s32(piece).raw(instruction);
    for (const each of moving) out.u8(0x20, each, 0x41).s32(piece).u8(0x6a, 0x21, each);
    out.u8(0x20, count, 0x41).s32(piece).u8(0x6b, 0x22, count, 0x41).s32(piece).u8(0x4b, 0x0d, 0, 0x0b);
    out.u8(0x0b);
    charge();
    return out.u8(0x20, at, 0x20, source, 0x20, count).raw(instruction).u8(0x0b).finish();
  }

  /** (pages) → the size before, or -1. */
  #growMemory(index: number): Uint8Array {
    const pages = 0;
    const out = new ByteWriter().u8(0);
    out.u8(0x20, pages, 0x45, 0x04, 0x40, 0x3f).u32(index).u8(0x0f, 0x0b);
    this.#refuse(out, gateEntry.growMemory, index, () => out.u8(0x3f).u32(index).u8(0x20, pages));
    pushCharge(out, this.#gate, () => {
      out.u8(0x3f).u32(index).u8(0x20, pages, 0x6a, 0x41, growthPageShift, 0x74);
    });
    return out.u8(0x20, pages, 0x40).u32(index).u8(0x0b).finish();
  }

  /** (value, entries) → the size before, or -1. Had the host refused, nothing would have grown. */
  #growTable(index: number, instruction: Uint8Array): Uint8Array {
    const [value, entries, before, piece] = [0, 1, 2, 3];
    const size = new ByteWriter().u8(0xfc, 0x10).u32(index).finish();
    const out = new ByteWriter().u8(1, 2, 0x7f).raw(size).u8(0x21, before);
    out.u8(0x20, entries, 0x45, 0x04, 0x40, 0x20, before, 0x0f, 0x0b);
    this.#refuse(out, gateEntry.growTable, index, () => out.u8(0x20, before, 0x20, entries));
    pushCharge(out, this.#gate, () => out.u8(0x20, before));
    out.u8(0x03, 0x40);
    // piece = min(entries, largest piece)
    out.u8(0x20, entries, 0x41).s32(tablePieceEntries).u8(0x20, entries, 0x41).s32(tablePieceEntries);
    out.u8(0x49, 0x1b, 0x21, piece);
    pushCharge(out, this.#gate, () => out.u8(0x20, piece, 0x41, entriesShift, 0x74));
    out.u8(0x20, value, 0x20, piece).raw(instruction).u8(0x41, 0x7f, 0x46, 0x04, 0x40);
    // Memory of the machine ran out. In the middle, no answer would be true.
    out.raw(size).u8(0x20, before, 0x46, 0x04, 0x40, 0x41, 0x7f, 0x0f, 0x0b, 0x00, 0x0b);
    out.u8(0x20, entries, 0x20, piece, 0x6b, 0x22, entries, 0x0d, 0, 0x0b);
    return out.u8(0x20, before, 0x0b).finish();
  }

  /** Asks the host with the index, the size and what is to come (`pushSizes`), and answers -1 if it says 0. */
  #refuse(out: ByteWriter, entry: number, index: number, pushSizes: () => void): void {
    pushCharge(out, this.#gate, () => out.u8(0x41).s32(growthFuel));
    out.u8(0x41).s32(index);
    pushSizes();
    pushGateCall(out, this.#additions, this.#gate.table, entry, 3);
    out.u8(0x45, 0x04, 0x40, 0x41, 0x7f, 0x0f, 0x0b);
  }
}

/** What is short goes at once: a function so small that the compiler puts it where it is called. */
function short(instruction: Uint8Array, long: number): Uint8Array {
  const [at, source, count] = [0, 1, 2];
  const out = new ByteWriter().u8(0, 0x20, count, 0x41).s32(shortMax).u8(0x4d, 0x04, 0x40);
  out.u8(0x20, at, 0x20, source, 0x20, count).raw(instruction).u8(0x05);
  return out.u8(0x20, at, 0x20, source, 0x20, count, 0x10).u32(long).u8(0x0b, 0x0b).finish();
}
