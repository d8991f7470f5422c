/**
 * The code of a module with its immediates taken out: what stays the same when functions, globals, types and
 * data only move. Two bodies with equal text do the same, and their immediates stand for each other one by
 * one.
 */
import { lebExactBytesMax, readSignedLeb, readUnsignedLeb } from "../../bytes/index.ts";
import { decodeModule, ImmediateList, isSignedImmediate, scanBody } from "../../wasm/index.ts";

export interface Skeleton {
  /** Imported functions come first in the function index space. */
  readonly imported: number;
  /** Number of bodies. */
  readonly count: number;
  /** All bodies, one marker byte for each immediate. */
  readonly text: Uint8Array;
  /** Where each body's text begins; one more entry for the end. */
  readonly textStarts: Uint32Array;
  /** The first immediate of each body; one more entry for the end. */
  readonly firsts: Uint32Array;
  /** Of each immediate: the place of its marker in the text, and where it begins in the module. */
  readonly places: Uint32Array;
  readonly offsets: Uint32Array;
  readonly module: Uint8Array;
}

/** Markers look like opcodes that are hardly ever used. */
const marker = 0xe0;

/** @throws DecodeError when it is no module that can be followed. */
export function skeletonOf(module: Uint8Array): Skeleton {
  const info = decodeModule(module);
  const { bodies } = info;
  const text = new Uint8Array(bodies.reduce((sum, body) => sum + body.length, 0));
  const textStarts = new Uint32Array(bodies.length + 1);
  const firsts = new Uint32Array(bodies.length + 1);
  const list = new ImmediateList();
  const immediates = countImmediates(module, bodies, list);
  const places = new Uint32Array(immediates);
  const offsets = new Uint32Array(immediates);
  let to = 0;
  let count = 0;
  for (let body = 0; body < bodies.length; body++) {
    textStarts[body] = to;
    firsts[body] = count;
    const { start, end } = rangeOf(module, bodies[body]!);
    scanBody(module, start, end, list);
    let at = start;
    for (let i = 0; i < list.count; i++) {
      const from = list.starts[i]!;
      const behind = list.ends[i]!;
      if (behind - from > lebExactBytesMax) continue;
      while (at < from) text[to++] = module[at++]!;
      at = behind;
      places[count] = to;
      offsets[count++] = from;
      text[to++] = marker + list.kinds[i]!;
    }
    while (at < end) text[to++] = module[at++]!;
  }
  textStarts[bodies.length] = to;
  firsts[bodies.length] = count;
  return {
    imported: info.functions.length - bodies.length,
    count: bodies.length,
    text: text.subarray(0, to),
    textStarts,
    firsts,
    places: places.subarray(0, count),
    offsets: offsets.subarray(0, count),
    module,
  };
}

/** Counted beforehand: there are millions, and arrays that grow leave their halves behind. */
function countImmediates(module: Uint8Array, bodies: readonly Uint8Array[], list: ImmediateList): number {
  let count = 0;
  for (const body of bodies) {
    const { start, end } = rangeOf(module, body);
    scanBody(module, start, end, list);
    count += list.count;
  }
  return count;
}

function rangeOf(module: Uint8Array, body: Uint8Array): { start: number; end: number } {
  const start = body.byteOffset - module.byteOffset;
  return { start, end: start + body.length };
}

/** The kind of an immediate, from its marker. */
export function kindAt({ text, places }: Skeleton, immediate: number): number {
  return text[places[immediate]!]! - marker;
}

/** The value of an immediate. */
export function valueAt(skeleton: Skeleton, immediate: number): number {
  const { module } = skeleton;
  const start = skeleton.offsets[immediate]!;
  let end = start;
  while (module[end++]! >= 0x80);
  return isSignedImmediate[kindAt(skeleton, immediate)]
    ? readSignedLeb(module, start, end)
    : readUnsignedLeb(module, start, end);
}
