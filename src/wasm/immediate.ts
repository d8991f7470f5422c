/**
 * Finds the immediates of code that name something of the module or hold a number: where each starts and
 * ends and what it is. One call does a whole body and keeps nothing but offsets, so that passes which only
 * look at immediates (deltas, rewriters) run at some hundred megabytes a second. Like `readInstruction` it
 * does not validate: it has to agree with itself, and the engine has the last word.
 */
import { DecodeError, readUnsignedLeb } from "../bytes/index.ts";
import { shapeOf } from "./instruction.ts";

/** What an immediate is. A block type is listed only where it is a type index, and is signed (s33) then. */
export const immediateKind = {
  function: 0,
  global: 1,
  type: 2,
  blockType: 3,
  i32: 4,
  i64: 5,
  memoryOffset: 6,
} as const;

/** Kinds written as signed LEB128. */
export const isSignedImmediate: readonly boolean[] = [false, false, false, true, true, true, false];

/** The immediates of one body or expression, in order; used again for the next one. */
export class ImmediateList {
  kinds: Uint8Array = new Uint8Array(1024);
  /** Offset of the first byte of each. */
  starts: Uint32Array = new Uint32Array(1024);
  /** Offset behind the last byte of each. */
  ends: Uint32Array = new Uint32Array(1024);
  count = 0;

  push(kind: number, start: number, end: number): void {
    const index = this.count++;
    if (index === this.kinds.length) this.#grow();
    this.kinds[index] = kind;
    this.starts[index] = start;
    this.ends[index] = end;
  }

  #grow(): void {
    const { kinds, starts, ends } = this;
    this.kinds = new Uint8Array(kinds.length * 2);
    this.starts = new Uint32Array(kinds.length * 2);
    this.ends = new Uint32Array(kinds.length * 2);
    this.kinds.set(kinds);
    this.starts.set(starts);
    this.ends.set(ends);
  }
}

/**
 * Lists the immediates of a function body (locals and code, without its size).
 *
 * @throws DecodeError for an unknown instruction, or when the last one does not end at `end`.
 */
export function scanBody(bytes: Uint8Array, start: number, end: number, list: ImmediateList): void {
  list.count = 0;
  const after = scan(bytes, skipLocals(bytes, start, end), end, list, false);
  if (after !== end) throw new DecodeError(end, "an instruction over the end of its body");
}

/**
 * Lists the immediates of a constant expression and returns the offset behind its `end`.
 *
 * @throws DecodeError for an unknown instruction or a missing `end`.
 */
export function scanExpression(bytes: Uint8Array, start: number, end: number, list: ImmediateList): number {
  list.count = 0;
  const after = scan(bytes, start, end, list, true);
  if (after > end) throw new DecodeError(end, "an instruction over the end of its section");
  return after;
}

/** How an opcode goes on, as the inner loop needs it; from `listed` on, the kind of its only immediate. */
const plain = 0;
const oneLeb = 1;
const fourBytes = 2;
const eightBytes = 3;
const memarg = 4;
const blockType = 5;
const shaped = 6;
const listed = 8;

const stepOfShape: Readonly<Record<string, number>> = {
  "": plain,
  u: oneLeb,
  f: fourBytes,
  d: eightBytes,
  m: memarg,
  b: blockType,
  F: listed + immediateKind.function,
  G: listed + immediateKind.global,
  i: listed + immediateKind.i32,
  l: listed + immediateKind.i64,
};

const steps = Uint8Array.from({ length: 256 }, (_, op) => stepOfShape[shapeOf(op, 0) ?? "unknown"] ?? shaped);
for (const prefix of [0xfb, 0xfc, 0xfd, 0xfe]) steps[prefix] = shaped;

/** Walks instructions up to `limit`, or behind the first `end` (constant expressions do not nest). */
function scan(bytes: Uint8Array, start: number, limit: number, list: ImmediateList, toEnd: boolean): number {
  let at = start;
  while (at < limit) {
    const op = bytes[at++]!;
    const step = steps[op]!;
    if (step === plain) {
      if (toEnd && op === 0x0b) return at;
    } else if (step === oneLeb) {
      while (bytes[at++]! >= 0x80);
    } else if (step >= listed) {
      at = push(bytes, at, step - listed, list);
    } else if (step === memarg) {
      at = scanMemarg(bytes, at, list);
    } else if (step === blockType) {
      at = scanBlockType(bytes, at, list);
    } else if (step === fourBytes) {
      at += 4;
    } else if (step === eightBytes) {
      at += 8;
    } else {
      at = scanShaped(bytes, at, limit, list);
    }
  }
  if (toEnd) throw new DecodeError(limit, "an expression without its end");
  return at;
}

function push(bytes: Uint8Array, start: number, kind: number, list: ImmediateList): number {
  let at = start;
  while (bytes[at++]! >= 0x80);
  list.push(kind, start, at);
  return at;
}

/** Alignment, with bit 6 a memory index, then the offset. */
function scanMemarg(bytes: Uint8Array, start: number, list: ImmediateList): number {
  let at = start + 1;
  if (bytes[start]! >= 0x40) {
    at = behindLeb(bytes, start);
    if (bytes[start]! & 0x40) at = behindLeb(bytes, at);
  }
  return push(bytes, at, immediateKind.memoryOffset, list);
}

/** 0x40, a value type, or a type index; only the last has no sign. */
function scanBlockType(bytes: Uint8Array, start: number, list: ImmediateList): number {
  const first = bytes[start]!;
  if (first === 0x63 || first === 0x64) return behindLeb(bytes, start + 1);
  if (first >= 0x40 && first < 0x80) return start + 1;
  return push(bytes, start, immediateKind.blockType, list);
}

/** The immediates of the instruction whose opcode ends at `start` - 1, letter by letter. */
function scanShaped(bytes: Uint8Array, start: number, limit: number, list: ImmediateList): number {
  const first = bytes[start - 1]!;
  let at = start;
  let second = 0;
  if (first >= 0xfb && first <= 0xfe) {
    at = behindLeb(bytes, start);
    second = readUnsignedLeb(bytes, start, at);
  }
  const shape = shapeOf(first, second);
  if (shape === undefined) throw new DecodeError(start - 1, "an unknown instruction");
  for (let i = 0; i < shape.length; i++) {
    switch (shape[i]) {
      case "T":
        at = push(bytes, at, immediateKind.type, list);
        break;
      case "u":
      case "h":
        at = behindLeb(bytes, at);
        break;
      case "m":
        at = scanMemarg(bytes, at, list);
        break;
      case "b":
        at = scanBlockType(bytes, at, list);
        break;
      case "1":
        at += 1;
        break;
      case "k":
        at += 16;
        break;
      case "t":
        at = skipCounted(behindLeb, bytes, at, limit, 1);
        break;
      case "v":
        at = skipCounted(behindValueType, bytes, at, limit, 0);
        break;
      case "c":
        at = skipCounted(behindCatch, bytes, at, limit, 0);
        break;
      default:
        throw new DecodeError(start, `a shape ${shape} that this walk does not know`);
    }
  }
  return at;
}

function skipLocals(bytes: Uint8Array, start: number, limit: number): number {
  return skipCounted(behindLocals, bytes, start, limit, 0);
}

/** Steps over as many things as the count at `start` says, `more` added. A count can lie: not past `limit`. */
function skipCounted(
  behindOne: (bytes: Uint8Array, at: number) => number,
  bytes: Uint8Array,
  start: number,
  limit: number,
  more: number,
): number {
  let at = behindLeb(bytes, start);
  for (let count = readUnsignedLeb(bytes, start, at) + more; count > 0; count--) {
    if (at >= limit) throw new DecodeError(start, `${count} more entries than bytes`);
    at = behindOne(bytes, at);
  }
  return at;
}

function behindLocals(bytes: Uint8Array, start: number): number {
  return behindValueType(bytes, behindLeb(bytes, start));
}

function behindLeb(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at++]! >= 0x80);
  return at;
}

function behindValueType(bytes: Uint8Array, start: number): number {
  const type = bytes[start]!;
  return type === 0x63 || type === 0x64 ? behindLeb(bytes, start + 1) : start + 1;
}

/** catch and catch_ref carry a tag before the label. */
function behindCatch(bytes: Uint8Array, start: number): number {
  return behindLeb(bytes, bytes[start]! < 2 ? behindLeb(bytes, start + 1) : start + 1);
}
