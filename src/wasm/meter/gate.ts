/**
 * The way out of a metered guest: a table of three host functions behind all its own tables, which the host fills
 * before anything runs. Calls go through it, so the module needs no new imports, which would renumber every function.
 *
 * Everything that asks the host is added here as functions of the module: when fuel is used up, and for growing.
 */
import { ByteWriter } from "../../bytes/index.ts";
import type { Additions } from "../additions.ts";

/** Entries of the gate. */
export const gateEntry = { spent: 0, growMemory: 1, growTable: 2 } as const;

export interface Gate {
  readonly fuel: number;
  readonly stack: number;
  readonly table: number;
  /** Function () → (): asks for more fuel. */
  readonly spent: number;
  /** Function () → (): the end of a guest that calls too deep, or asks for more fuel if that is what it needs. */
  readonly overflowed: number;
  /** Function (i32) → i32: asks for more fuel where this much, below 0, is left; answers what there is now. */
  readonly refill: number;
}

/** Adds the globals, the table and the functions that every metered module has. */
export function addGate(additions: Additions): Gate {
  const zero = Uint8Array.of(0x7f, 1, 0x41, 0, 0x0b);
  const fuel = additions.global(zero);
  const stack = additions.global(zero);
  const table = additions.table(Object.keys(gateEntry).length);
  const nothing = additions.type([], []);
  const spent = new ByteWriter().u8(0, 0x23).u32(fuel);
  pushGateCall(spent, additions, table, gateEntry.spent, 1);
  spent.u8(0x24).u32(fuel).u8(0x0b);
  const asking = { fuel, spent: additions.func(nothing, spent.finish()) };
  const overflowed = new ByteWriter().u8(0, 0x23).u32(stack).u8(0x41, 0, 0x48, 0x04, 0x40, 0x00, 0x0b);
  pushLook(overflowed, asking);
  const refill = new ByteWriter()
    .u8(0, 0x20, 0, 0x24)
    .u32(fuel)
    .u8(0x10)
    .u32(asking.spent)
    .u8(0x23)
    .u32(fuel);
  return {
    ...asking,
    stack,
    table,
    overflowed: additions.func(nothing, overflowed.u8(0x0b).finish()),
    refill: additions.func(additions.type(["i32"], ["i32"]), refill.u8(0x0b).finish()),
  };
}

/** Calls an entry of the gate with so many i32 that are on the stack; it answers one. */
export function pushGateCall(
  out: ByteWriter,
  additions: Additions,
  table: number,
  entry: number,
  params: number,
): void {
  const type = additions.type(new Array<string>(params).fill("i32"), ["i32"]);
  out.u8(0x41, entry, 0x11).u32(type).u32(table);
}

/** What asking for fuel needs. */
type Asking = Pick<Gate, "fuel" | "spent">;

/** Takes as much fuel as `pushAmount` leaves on the stack (an i32) and asks for more when it is used up. */
export function pushCharge(out: ByteWriter, gate: Asking, pushAmount: (out: ByteWriter) => void): void {
  out.u8(0x23).u32(gate.fuel);
  pushAmount(out);
  out.u8(0x6b, 0x24).u32(gate.fuel);
  pushLook(out, gate);
}

/** Asks for more fuel when it is used up. */
function pushLook(out: ByteWriter, { fuel, spent }: Asking): void {
  out.u8(0x23).u32(fuel).u8(0x41, 0, 0x48, 0x04, 0x40, 0x10).u32(spent).u8(0x0b);
}
