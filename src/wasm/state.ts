/**
 * What of an instance can change while it runs, and whether it can be put back. Memories are copied from
 * outside and globals by code added to the module; everything named here cannot be put back at all.
 */

import { opcode } from "./instruction.ts";
import type { ModuleInfo } from "./module.ts";
import { scanCode } from "./module.ts";

const tableWrites: Readonly<Record<number, string>> = {
  [opcode.tableSet]: "table.set",
  [opcode.tableInit]: "table.init",
  [opcode.tableCopy]: "table.copy",
  [opcode.tableGrow]: "table.grow",
  [opcode.tableFill]: "table.fill",
};

/** What makes an instance of this module unfit to be put back, empty when nothing does. */
export function unrestorableState(module: ModuleInfo): string[] {
  const seen = new Set<number>();
  const wanted = new Set<number>([...Object.values(opcode)]);
  scanCode(module, (op) => {
    if (wanted.has(op)) seen.add(op);
    return true;
  });

  const reasons = Object.entries(tableWrites)
    .filter(([op]) => seen.has(Number(op)))
    .map(([, name]) => `it changes tables (${name})`);
  // A dropped segment shows only to the instruction that reads it.
  if (seen.has(opcode.dataDrop) && seen.has(opcode.memoryInit))
    reasons.push("it drops data segments (data.drop)");
  if (seen.has(opcode.elemDrop) && seen.has(opcode.tableInit))
    reasons.push("it drops element segments (elem.drop)");
  if (module.types.some((type) => type.kind !== "function"))
    reasons.push("it keeps objects of the GC proposal");
  const fixed = module.globals.find((global) => global.mutable && !isDefaultable(global.type));
  if (fixed !== undefined) reasons.push(`it has a mutable global of type ${fixed.type}`);
  return reasons;
}

/** Whether a global of this type can be declared without a value of its own. */
export function isDefaultable(type: string): boolean {
  return !type.startsWith("(ref ") || type.startsWith("(ref null ");
}
