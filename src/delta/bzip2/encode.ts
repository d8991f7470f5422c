/**
 * bzip2 encoding, for the one old format that needs it (BSDIFF40): the steps of bzip2 1.0 in their
 * order (run lengths, Burrows-Wheeler transform, move to front, up to six Huffman tables), with the
 * suffix sorter that the delta room has anyway.
 */
import { suffixArray } from "../suffix-array.ts";
import { BitWriter } from "./bit-writer.ts";
import { crcOf } from "./crc.ts";
import { canonicalCodes, codeLengths } from "./huffman.ts";

/** Bytes of a block of level 9 after the first run lengths, with bzip2's reserve. */
const blockBytesMax = 900_000 - 19;
/** Symbols that share one table. */
const groupSymbols = 50;
const [runA, runB] = [0, 1] as const;

/** One bzip2 stream of level 9. */
export function bzip2(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const to = new BitWriter();
  for (const char of "BZh9") to.bits(8, char.charCodeAt(0));
  let streamCrc = 0;
  for (let start = 0; start < bytes.length; ) {
    const { block, end } = takeBlock(bytes, start);
    const crc = crcOf(bytes, start, end);
    streamCrc = ((streamCrc << 1) | (streamCrc >>> 31)) ^ crc;
    writeBlock(to, block, crc);
    start = end;
  }
  to.bits(24, 0x177245);
  to.bits(24, 0x385090);
  to.word(streamCrc >>> 0);
  return to.finish();
}

/** As many bytes as fill a block, with runs of 4 to 255 equal bytes as 4 of them and a count. */
function takeBlock(bytes: Uint8Array, start: number): { block: Uint8Array; end: number } {
  const block = new Uint8Array(Math.min(blockBytesMax, Math.ceil((bytes.length - start) * 1.25) + 5));
  let length = 0;
  let at = start;
  while (at < bytes.length && length + 5 <= block.length) {
    const byte = bytes[at]!;
    let run = 1;
    while (run < 255 && bytes[at + run] === byte) run++;
    block.fill(byte, length, length + Math.min(run, 4));
    length += Math.min(run, 4);
    if (run >= 4) block[length++] = run - 4;
    at += run;
  }
  return { block: block.subarray(0, length), end: at };
}

function writeBlock(to: BitWriter, block: Uint8Array, crc: number): void {
  const { last, origin } = transform(block);
  const { symbols, used } = moveToFront(last);
  const symbolCount = used.length + 2;
  const { tables, selectors } = chooseTables(symbols, symbolCount);

  to.bits(24, 0x314159);
  to.bits(24, 0x265359);
  to.word(crc);
  to.bits(1, 0);
  to.bits(24, origin);
  writeUsed(to, used);
  to.bits(3, tables.length);
  to.bits(15, selectors.length);
  writeSelectors(to, selectors, tables.length);
  for (const lengths of tables) writeLengths(to, lengths);
  const codes = tables.map(canonicalCodes);
  symbols.forEach((symbol, i) => {
    const table = selectors[Math.floor(i / groupSymbols)]!;
    to.bits(tables[table]![symbol]!, codes[table]![symbol]!);
  });
}

/** The Burrows-Wheeler transform: the last column of the sorted rotations, and the row of the block itself. */
function transform(block: Uint8Array): { last: Uint8Array; origin: number } {
  const n = block.length;
  const twice = new Uint8Array(2 * n);
  twice.set(block);
  twice.set(block, n);
  const last = new Uint8Array(n);
  let row = 0;
  let origin = 0;
  for (const start of suffixArray(twice)) {
    if (start >= n) continue;
    if (start === 0) origin = row;
    last[row++] = twice[start + n - 1]!;
  }
  return { last, origin };
}

/** Positions in a list of recently used bytes; runs of the front one as numbers of digits 1 and 2. */
function moveToFront(last: Uint8Array): { symbols: Uint16Array; used: number[] } {
  const occurs = new Uint8Array(256);
  for (const byte of last) occurs[byte] = 1;
  const used = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => occurs[byte] === 1);
  const front = Uint8Array.from(used);
  const symbols = new Uint16Array(last.length + 2);
  let count = 0;
  let run = 0;
  const endRun = (): void => {
    for (let rest = run; rest > 0; rest = (rest - 1) >> 1) symbols[count++] = rest & 1 ? runA : runB;
    run = 0;
  };
  for (const byte of last) {
    if (front[0] === byte) {
      run++;
      continue;
    }
    endRun();
    const position = front.indexOf(byte);
    front.copyWithin(1, 0, position);
    front[0] = byte;
    symbols[count++] = position + 1;
  }
  endRun();
  symbols[count++] = used.length + 1;
  return { symbols: symbols.subarray(0, count), used };
}

/** Two to six tables of code lengths, and for each group of symbols the table that codes it shortest. */
function chooseTables(
  symbols: Uint16Array,
  symbolCount: number,
): { tables: Uint8Array[]; selectors: Uint8Array } {
  const n = symbols.length;
  const tableCount = n < 200 ? 2 : n < 600 ? 3 : n < 1200 ? 4 : n < 2400 ? 5 : 6;
  const groups = Math.ceil(n / groupSymbols);
  const selectors = new Uint8Array(groups);
  let tables = initialTables(symbols, symbolCount, tableCount);
  for (let round = 0; round < 4; round++) {
    const frequencies = tables.map(() => new Int32Array(symbolCount));
    for (let group = 0; group < groups; group++) {
      const members = symbols.subarray(group * groupSymbols, (group + 1) * groupSymbols);
      let least = Number.POSITIVE_INFINITY;
      tables.forEach((lengths, table) => {
        let bits = 0;
        for (const symbol of members) bits += lengths[symbol]!;
        if (bits < least) {
          least = bits;
          selectors[group] = table;
        }
      });
      for (const symbol of members) frequencies[selectors[group]!]![symbol]!++;
    }
    tables = frequencies.map(codeLengths);
  }
  return { tables, selectors };
}

/** Tables that each favour a range of symbols with an equal share of the occurrences. */
function initialTables(symbols: Uint16Array, symbolCount: number, tableCount: number): Uint8Array[] {
  const frequencies = new Int32Array(symbolCount);
  for (const symbol of symbols) frequencies[symbol]!++;
  const tables: Uint8Array[] = [];
  let first = 0;
  let left = symbols.length;
  for (let rest = tableCount; rest > 0; rest--) {
    let end = first;
    let share = 0;
    while (end < symbolCount && share < left / rest) share += frequencies[end++]!;
    tables.push(Uint8Array.from({ length: symbolCount }, (_, s) => (s >= first && s < end ? 1 : 15)));
    first = end;
    left -= share;
  }
  return tables;
}

function writeUsed(to: BitWriter, used: readonly number[]): void {
  const rows = Array.from({ length: 16 }, () => 0);
  for (const byte of used) rows[byte >> 4]! |= 0x8000 >> (byte & 15);
  to.bits(
    16,
    rows.reduce((bits, row, i) => (row === 0 ? bits : bits | (0x8000 >> i)), 0),
  );
  for (const row of rows) if (row !== 0) to.bits(16, row);
}

function writeSelectors(to: BitWriter, selectors: Uint8Array, tableCount: number): void {
  const front = Uint8Array.from({ length: tableCount }, (_, i) => i);
  for (const selector of selectors) {
    const position = front.indexOf(selector);
    for (let i = 0; i < position; i++) to.bits(1, 1);
    to.bits(1, 0);
    front.copyWithin(1, 0, position);
    front[0] = selector;
  }
}

/** The first length, then steps up (10) and down (11) to each next one, closed by 0. */
function writeLengths(to: BitWriter, lengths: Uint8Array): void {
  let current = lengths[0]!;
  to.bits(5, current);
  for (const length of lengths) {
    for (; current < length; current++) to.bits(2, 2);
    for (; current > length; current--) to.bits(2, 3);
    to.bits(1, 0);
  }
}
