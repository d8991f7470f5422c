/**
 * The data section as 32-bit words: those that lie whole in a segment at an address divisible by four, which
 * is where compilers put pointers. A segment without a constant address counts from 0.
 */
import { Cursor } from "../../bytes/index.ts";
import { decodeModule, readInstruction, sectionId } from "../../wasm/index.ts";

export interface DataWords {
  /** The words of all segments, one behind the other. */
  readonly words: Uint32Array;
  /** Of each segment: its address, 0 where that is not known, and a hash of its bytes. */
  readonly addresses: Uint32Array;
  readonly hashes: Uint32Array;
  /** What an address can be: [low, high), from the first segment to the end of the memory as it starts. */
  readonly low: number;
  readonly high: number;
}

/** @throws DecodeError when the data section cannot be followed. */
export function dataWordsOf(module: Uint8Array): DataWords {
  const { sections, memories } = decodeModule(module);
  const section = sections.find(({ id }) => id === sectionId.data);
  if (section === undefined) return none;
  const high = Math.max(...memories.map(({ min }) => min * pageBytes));
  const words = new Uint32Array(section.payload.length >> 2);
  const bytes = new Uint8Array(words.buffer);
  const cursor = new Cursor(section.payload);
  let [to, low] = [0, Number.POSITIVE_INFINITY];
  const addresses: number[] = [];
  const hashes: number[] = [];
  for (let count = cursor.u32(); count > 0; count--) {
    const flags = cursor.u32();
    if (flags === 2) cursor.u32();
    const address = flags === 1 ? 0 : readAddress(cursor);
    const data = cursor.take(cursor.u32());
    const [from, until] = wordBounds(address, 0, data.length);
    addresses.push(address);
    hashes.push(hashOf(data));
    bytes.set(data.subarray(from, until), to);
    to += until - from;
    if (flags !== 1) low = Math.min(low, address);
  }
  return {
    words: words.subarray(0, to >> 2),
    addresses: Uint32Array.from(addresses),
    hashes: Uint32Array.from(hashes),
    low: Number.isFinite(low) ? low : lowest,
    high,
  };
}

const none: DataWords = {
  words: new Uint32Array(0),
  addresses: new Uint32Array(0),
  hashes: new Uint32Array(0),
  low: 0,
  high: 0,
};

const pageBytes = 65_536;

/** Where linkers put the first data when nothing else is known (passive segments say nothing). */
const lowest = 1024;

/** The part of `[start, end)` that is whole words, when the byte at `start` has that address. */
export function wordBounds(address: number, start: number, end: number): readonly [number, number] {
  const from = Math.min(start + ((4 - (address % 4)) % 4), end);
  return [from, end - ((end - from) % 4)];
}

function hashOf(data: Uint8Array): number {
  let hash = data.length;
  for (const byte of data) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** An expression's value when it is one i32.const, else 0. */
function readAddress(cursor: Cursor): number {
  const start = cursor.offset;
  const first = readInstruction(cursor);
  const alone = readInstruction(cursor) === 0x0b;
  const end = cursor.offset;
  if (!alone) while (readInstruction(cursor) !== 0x0b);
  if (!alone || first !== 0x41) return 0;
  const inner = new Cursor(cursor.bytes, start + 1, end - 1);
  return inner.s33() >>> 0;
}
