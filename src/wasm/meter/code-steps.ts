/**
 * How to get from one instruction to the next: by opcode, for all those whose immediates name nothing that the walk
 * keeps account of. Those that do are `special` and get there by themselves.
 */
import { shapeOf } from "../instruction.ts";

export const step = {
  plain: 0,
  local: 1,
  global: 2,
  four: 3,
  eight: 4,
  memarg: 5,
  leb: 6,
  special: 7,
} as const;

/** By opcode of one byte. */
export const steps: Uint8Array = Uint8Array.from({ length: 256 }, (_, op) => {
  if (op >= 0x20 && op <= 0x22) return step.local;
  if (op === 0x23 || op === 0x24) return step.global;
  const own = [0x00, 0x05, 0x0a, 0x0b, 0x0f, 0x19, 0x1c, 0x25, 0x26, 0x40, 0xd2, 0xd5, 0xd6];
  if (own.includes(op) || (op >= 0x02 && op <= 0x18) || op >= 0xfb) return step.special;
  const byShape: Readonly<Record<string, number>> = {
    "": step.plain,
    u: step.leb,
    i: step.leb,
    l: step.leb,
    h: step.leb,
    f: step.four,
    d: step.eight,
    m: step.memarg,
  };
  return byShape[shapeOf(op, 0) ?? "unknown"] ?? step.special;
});

/** Alignment, with bit 6 a memory index, then the offset. */
export function behindMemarg(bytes: Uint8Array, start: number): number {
  let at = start;
  const first = bytes[at]!;
  while (bytes[at++]! >= 0x80);
  if (first & 0x40) while (bytes[at++]! >= 0x80);
  while (bytes[at++]! >= 0x80);
  return at;
}
