/**
 * `emend-bsdiff`: emend's own container. The records, the differences and the extra bytes lie in six
 * streams, each coded by whatever makes it smallest; runs of expected bytes are lengths, not zeros.
 *
 *     head          as in head.ts, magic "EMB1"
 *     1 byte        trust that guesses need (predictor.ts), 0 to 2; 0: nothing is guessed
 *     6 × LEB128    the lengths of the streams before coding: adds, copies, seeks, skips, changes, extra
 *     blocks        until all six streams are covered:
 *       1 byte      coder × 16 + how many of the next streams lie in this block, one behind the other
 *       LEB128      length of the coded bytes (not for coder 0: it is the sum of the streams' lengths)
 *     coded bytes   of the blocks, in their order; not one byte more
 */
import { ByteWriter } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import type { Stretch } from "./align.ts";
import { type ByteReader, memoryReader, readBytes } from "./byte-reader.ts";
import {
  type Coded,
  type CodingPlan,
  coders,
  codingPlan,
  type Effort,
  encodeSmallest,
  estimateSize,
} from "./coder.ts";
import { type Head, readHead, writeHead } from "./head.ts";
import { inflate, inflateReader } from "./inflate.ts";
import { blockBytesMax, fileBytesMax } from "./limits.ts";
import { type Allocate, patch } from "./patcher.ts";
import {
  ContainerStreams,
  changeStreams,
  recordStreams,
  type StreamName,
  streamNames,
  type Trust,
  trusts,
} from "./streams.ts";
import { readVarint, writeVarint } from "./varint.ts";

export const containerMagic = "EMB1";

/** Streams of up to so many bytes together are tried in other groups than the usual four. */
const groupedBytesMax = 4096;

/** What a body says before it is coded. */
export interface Draft {
  readonly targetSize: number;
  readonly trust: Trust;
  readonly streams: readonly Uint8Array[];
  /** About how long the body will be, for comparing drafts. */
  readonly estimate: number;
}

/** The draft for stretches that make `target` from `source`. */
export function draftBody(source: Uint8Array, target: Uint8Array, stretches: readonly Stretch[]): Draft {
  const records = recordStreams(target, stretches);
  const { trust, changes, estimate } = chooseTrust(source, target, stretches);
  const named = { ...records, ...changes };
  const control = concatenate([records.adds, records.copies, records.seeks]);
  return {
    targetSize: target.length,
    trust,
    streams: streamNames.map((name) => named[name]),
    estimate: estimate + estimateSize(control) + estimateSize(records.extra),
  };
}

/** Writes the delta. */
export function encodeContainer(head: Head, draft: Draft, effort: Effort): Uint8Array<ArrayBuffer> {
  const to = writeHead(containerMagic, head);
  writeBody(to, draft, effort);
  return to.finish().slice();
}

/** Appends what follows the head. */
export function writeBody(to: ByteWriter, { targetSize, trust, streams }: Draft, effort: Effort): void {
  const blocks = chooseBlocks(streams, codingPlan(effort, targetSize));
  to.u8(trust);
  for (const stream of streams) writeVarint(to, stream.length);
  for (const { count, coded } of blocks) {
    to.u8(coders.indexOf(coded.coder) * 16 + count);
    if (coded.coder !== "none") writeVarint(to, coded.bytes.length);
  }
  for (const { coded } of blocks) to.raw(coded.bytes);
}

/**
 * Guessing costs time when the delta is applied, 2 to 4 ms for each MB. It must save this share of the
 * changes and, of the bytes that have to be guessed, one in so many.
 */
const guessingGain = 0.05;
const guessedBytesPerByte = 4096;

/** The trust whose streams are smallest, as a fast coder sees them. */
function chooseTrust(
  source: Uint8Array,
  target: Uint8Array,
  stretches: readonly Stretch[],
): { trust: Trust; changes: Record<"skips" | "changes", Uint8Array>; estimate: number } {
  const [plain, ...guessing] = trusts.map((trust) => {
    const changes = changeStreams(source, target, stretches, trust);
    return { trust, changes, estimate: estimateSize(changes.skips) + estimateSize(changes.changes) };
  });
  const gain = Math.max(guessingGain * plain!.estimate, target.length / guessedBytesPerByte);
  const best = guessing.reduce((a, b) => (b.estimate < a.estimate ? b : a));
  return best.estimate < plain!.estimate - gain ? best : plain!;
}

interface Block {
  /** How many streams it holds. */
  readonly count: number;
  readonly coded: Coded;
}

/** The cheapest way to cut the row of streams into blocks. */
function chooseBlocks(streams: readonly Uint8Array[], plan: CodingPlan): Block[] {
  const total = streams.reduce((sum, stream) => sum + stream.length, 0);
  const together = (first: number, count: number): Block => ({
    count,
    coded: encodeSmallest(concatenate(streams.slice(first, first + count)), plan),
  });
  if (total > groupedBytesMax) {
    const records = streams[0]!.length + streams[1]!.length + streams[2]!.length;
    const control = records <= blockBytesMax ? [together(0, 3)] : [0, 1, 2].map((i) => together(i, 1));
    return [...control, together(3, 1), together(4, 1), together(5, 1)];
  }
  const coded = new Map<string, Block>();
  const layouts = groupings.map((counts) => {
    let first = 0;
    return counts.map((count) => {
      const key = `${first}+${count}`;
      const block = coded.get(key) ?? together(first, count);
      coded.set(key, block);
      first += count;
      return block;
    });
  });
  const sizeOf = (blocks: readonly Block[]): number =>
    blocks.reduce((sum, block) => sum + blockHeadBytes(block) + block.coded.bytes.length, 0);
  return layouts.reduce((best, layout) => (sizeOf(layout) < sizeOf(best) ? layout : best));
}

/** How many streams lie in each block: records together or not, changes with their skips or not, or all in one. */
const groupings: readonly (readonly number[])[] = [[3, 1, 1, 1], [6], [3, 2, 1], [4, 1, 1], [5, 1]];

function blockHeadBytes({ coded }: Block): number {
  if (coded.coder === "none") return 1;
  return coded.bytes.length < 0x80 ? 2 : 3;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const to = new ByteWriter();
  for (const part of parts) to.raw(part);
  return to.finish();
}

/** The head and what applies the delta to the source that the head names. Throws `delta.*`. */
export function decodeContainer(bytes: Uint8Array): {
  head: Head;
  apply: (source: Uint8Array, allocate?: Allocate) => Uint8Array<ArrayBuffer>;
} {
  const { head, end } = readHead(bytes);
  const body = readBody(bytes, end);
  return { head, apply: (source, allocate) => applyBody(body, source, head.targetSize, allocate) };
}

/** A body whose table has been read and found to fit the file. */
export interface Body {
  readonly bytes: Uint8Array;
  /** Where the coded bytes begin. */
  readonly start: number;
  readonly trust: Trust;
  readonly lengths: readonly number[];
  readonly blocks: readonly BlockHead[];
}

/** Reads the table of the body that is `bytes[at…]`. Throws `delta.*`. */
export function readBody(bytes: Uint8Array, at: number): Body {
  const table = memoryReader("block table", bytes);
  const trust = trusts.find((each) => each === bytes[at]);
  if (trust === undefined)
    throw new EmendError("delta.format", `expected a trust of 0 to 2, got ${bytes[at]}`);
  table.at = at + 1;
  const lengths: number[] = [];
  for (const name of streamNames) lengths.push(checkLength(name, readVarint(table)));
  const blocks = readBlocks(table, lengths);
  const coded = blocks.reduce((sum, block) => sum + block.coded, 0);
  const left = bytes.length - table.at;
  if (coded !== left) {
    throw new EmendError(
      coded > left ? "delta.truncated" : "delta.format",
      `${left} bytes of blocks, expected ${coded}`,
    );
  }
  return { bytes, start: table.at, trust, lengths, blocks };
}

/** The `size` bytes that a body makes from `source`. Throws `delta.*`. */
export function applyBody(
  body: Body,
  source: Uint8Array,
  size: number,
  allocate?: Allocate,
): Uint8Array<ArrayBuffer> {
  using open = openStreams(body);
  return patch(source, size, new ContainerStreams(open.streams, source, body.trust), allocate);
}

function checkLength(name: string, length: number): number {
  // No stream is longer than one integer for each byte of a target.
  if (length <= 8 * fileBytesMax) return length;
  throw new EmendError("delta.bomb", `a ${name} stream of ${length} bytes`);
}

interface BlockHead {
  readonly coder: (typeof coders)[number];
  readonly count: number;
  readonly coded: number;
  readonly size: number;
}

function readBlocks(table: ByteReader, lengths: readonly number[]): BlockHead[] {
  const blocks: BlockHead[] = [];
  let covered = 0;
  while (covered < lengths.length) {
    const byte = readBytes(table, 1)[0]!;
    const coder = coders[byte >> 4];
    const count = byte & 15;
    if (coder === undefined || count === 0 || count > lengths.length - covered) {
      throw new EmendError(
        "delta.format",
        `expected a block of 1 to ${lengths.length - covered} streams, got ${byte}`,
      );
    }
    const size = lengths.slice(covered, covered + count).reduce((sum, length) => sum + length, 0);
    if (count > 1 && size > blockBytesMax && coder !== "none") {
      throw new EmendError(
        "delta.bomb",
        `${count} streams of ${size} bytes in one block, at most ${blockBytesMax}`,
      );
    }
    blocks.push({ coder, count, size, coded: coder === "none" ? size : readVarint(table) });
    covered += count;
  }
  return blocks;
}

function openStreams({
  bytes,
  start,
  blocks,
  lengths,
}: Body): { streams: Record<StreamName, ByteReader> } & Disposable {
  const open = new DisposableStack();
  const streams = {} as Record<StreamName, ByteReader>;
  let at = start;
  let stream = 0;
  for (const { coder, count, coded, size } of blocks) {
    const part = bytes.subarray(at, at + coded);
    at += coded;
    if (coder !== "none" && size > blockBytesMax) {
      const name = streamNames[stream]!;
      const reader = inflateReader(name, coder, part, size);
      open.use(reader);
      streams[name] = reader;
      stream++;
      continue;
    }
    const plain = coder === "none" ? part : inflate(streamNames[stream]!, coder, part, size);
    let offset = 0;
    for (let i = 0; i < count; i++, stream++) {
      const name = streamNames[stream]!;
      streams[name] = memoryReader(name, plain.subarray(offset, offset + lengths[stream]!));
      offset += lengths[stream]!;
    }
  }
  return { streams, [Symbol.dispose]: () => open.dispose() };
}
