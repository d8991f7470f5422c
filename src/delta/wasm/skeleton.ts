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
  /** Of each immediate: the place of its marker, its kind, its value. */
  readonly places: Uint32Array;
  readonly kinds: Uint8Array;
  readonly values: Float64Array;
}

/** Markers look like opcodes that are hardly ever used. */
const marker = 0xe0;

/** @throws DecodeError when it is no module that can be followed. */
export function skeletonOf(module: Uint8Array): Skeleton {
  const info = decodeModule(module);
  const { bodies } = info;
  const codeBytes = bodies.reduce((sum, body) => sum + body.length, 0);
  const text = new Uint8Array(codeBytes);
  const textStarts = new Uint32Array(bodies.length + 1);
  const firsts = new Uint32Array(bodies.length + 1);
  const list = new ImmediateList();
  let places = new Uint32Array(codeBytes >> 3);
  let kinds = new Uint8Array(codeBytes >> 3);
  let values = new Float64Array(codeBytes >> 3);
  let to = 0;
  let count = 0;
  for (let body = 0; body < bodies.length; body++) {
    textStarts[body] = to;
    firsts[body] = count;
    const start = bodies[body]!.byteOffset - module.byteOffset;
    const end = start + bodies[body]!.length;
    scanBody(module, start, end, list);
    if (count + list.count > values.length) {
      const capacity = 2 * (count + list.count);
      places = grown(places, new Uint32Array(capacity));
      kinds = grown(kinds, new Uint8Array(capacity));
      values = grown(values, new Float64Array(capacity));
    }
    let at = start;
    for (let i = 0; i < list.count; i++) {
      const from = list.starts[i]!;
      const behind = list.ends[i]!;
      if (behind - from > lebExactBytesMax) continue;
      while (at < from) text[to++] = module[at++]!;
      at = behind;
      const kind = list.kinds[i]!;
      places[count] = to;
      kinds[count] = kind;
      values[count++] = isSignedImmediate[kind]
        ? readSignedLeb(module, from, behind)
        : readUnsignedLeb(module, from, behind);
      text[to++] = marker + kind;
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
    kinds: kinds.subarray(0, count),
    values: values.subarray(0, count),
  };
}

function grown<T extends Uint8Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
