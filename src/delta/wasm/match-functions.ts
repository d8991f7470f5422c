/**
 * Which body of the source each body of the target comes from: first bodies with the same text, then
 * neighbours of matched ones that resemble each other, then the most similar ones wherever they are.
 */

import type { Skeleton } from "./skeleton.ts";
import { type Sketch, similarity, sketchOf } from "./sketch.ts";

/** For each body of the target the one of the source, or -1. No body of the source is given twice. */
export function matchFunctions(source: Skeleton, target: Skeleton): Int32Array {
  const match = new Matching(source.count, target.count);
  const sourceKeys = keysOf(source);
  const targetKeys = keysOf(target);
  matchEqual(match, sourceKeys, targetKeys);
  matchNeighbours(match, (j, i) => targetKeys[j] === sourceKeys[i], 1);

  const sourceSketches = sketches(source, match.targetOf);
  const targetSketches = sketches(target, match.sourceOf);
  const resembles = (j: number, i: number, least: number): boolean => {
    const [a, b] = [targetSketches[j], sourceSketches[i]];
    return a !== undefined && b !== undefined && similarity(a, b) > least;
  };
  for (let pass = 0; pass < 3; pass++) {
    matchNeighbours(match, (j, i, apart) => resembles(j, i, apart === 0 ? 0.35 : 0.6), 4);
  }
  matchSimilar(match, sourceSketches, targetSketches);
  matchNeighbours(match, (j, i) => resembles(j, i, 0.35), 1);
  return match.sourceOf;
}

class Matching {
  readonly sourceOf: Int32Array;
  readonly targetOf: Int32Array;

  constructor(sourceCount: number, targetCount: number) {
    this.sourceOf = new Int32Array(targetCount).fill(-1);
    this.targetOf = new Int32Array(sourceCount).fill(-1);
  }

  link(target: number, source: number): void {
    this.sourceOf[target] = source;
    this.targetOf[source] = target;
  }
}

/** A hash of each body's text, 53 bits. */
function keysOf({ count, text, textStarts }: Skeleton): Float64Array {
  const keys = new Float64Array(count);
  for (let body = 0; body < count; body++) {
    let low = 0x811c9dc5;
    let high = 0x9747b28c;
    const end = textStarts[body + 1]!;
    for (let at = textStarts[body]!; at < end; at++) {
      low = Math.imul(low ^ text[at]!, 0x01000193);
      high = Math.imul(high + text[at]!, 0x85ebca6b) ^ (low >>> 15);
    }
    keys[body] = (high >>> 11) * 2 ** 32 + (low >>> 0);
  }
  return keys;
}

/** Texts that both sides have equally often, in order. */
function matchEqual(match: Matching, sourceKeys: Float64Array, targetKeys: Float64Array): void {
  const sources = groups(sourceKeys);
  for (const [key, targets] of groups(targetKeys)) {
    const same = sources.get(key);
    if (same?.length !== targets.length) continue;
    for (let k = 0; k < targets.length; k++) match.link(targets[k]!, same[k]!);
  }
}

function groups(keys: Float64Array): Map<number, number[]> {
  const byKey = new Map<number, number[]>();
  for (let body = 0; body < keys.length; body++) {
    const group = byKey.get(keys[body]!);
    if (group === undefined) byKey.set(keys[body]!, [body]);
    else group.push(body);
  }
  return byKey;
}

/** Goes on from matched bodies, forwards up to `reach` places and backwards one. */
function matchNeighbours(
  match: Matching,
  fits: (target: number, source: number, apart: number) => boolean,
  reach: number,
): void {
  const { sourceOf, targetOf } = match;
  for (let j = 1; j < sourceOf.length; j++) {
    if (sourceOf[j]! >= 0 || sourceOf[j - 1]! < 0) continue;
    const next = sourceOf[j - 1]! + 1;
    for (let i = next; i < Math.min(next + reach, targetOf.length); i++) {
      if (targetOf[i]! >= 0 || !fits(j, i, i - next)) continue;
      match.link(j, i);
      break;
    }
  }
  for (let j = sourceOf.length - 2; j >= 0; j--) {
    const i = sourceOf[j + 1]! - 1;
    if (sourceOf[j]! < 0 && i >= 0 && targetOf[i]! < 0 && fits(j, i, 0)) match.link(j, i);
  }
}

/** Sketches of the bodies that are still without a partner. */
function sketches(of: Skeleton, partner: Int32Array): (Sketch | undefined)[] {
  return Array.from(partner, (other, body) =>
    other >= 0 ? undefined : sketchOf(of.text, of.textStarts[body]!, of.textStarts[body + 1]!),
  );
}

/** Hashes that more bodies share say nothing and would cost the square of their number. */
const commonMax = 64;
/** Smallest hashes of a sketch by which similar bodies are looked up. */
const lookedUp = 12;
/** Bodies that are compared with each one. */
const comparedMax = 12;

function matchSimilar(
  match: Matching,
  sourceSketches: readonly (Sketch | undefined)[],
  targetSketches: readonly (Sketch | undefined)[],
): void {
  const byHash = new Map<number, number[]>();
  sourceSketches.forEach((sketch, i) => {
    if (sketch === undefined || match.targetOf[i]! >= 0) return;
    for (const hash of sketch.subarray(0, lookedUp)) {
      const bodies = byHash.get(hash);
      if (bodies === undefined) byHash.set(hash, [i]);
      else if (bodies.length <= commonMax) bodies.push(i);
    }
  });
  targetSketches.forEach((sketch, j) => {
    if (sketch === undefined || match.sourceOf[j]! >= 0) return;
    let best = 0.5;
    let bestSource = -1;
    for (const i of likeliest(sketch, byHash)) {
      if (match.targetOf[i]! >= 0) continue;
      const alike = similarity(sketch, sourceSketches[i]!);
      if (alike <= best) continue;
      best = alike;
      bestSource = i;
    }
    if (bestSource >= 0) match.link(j, bestSource);
  });
}

/** Bodies of the source that share most of the smallest hashes, the first of them when many do. */
function likeliest(sketch: Sketch, byHash: ReadonlyMap<number, readonly number[]>): number[] {
  const shared = new Map<number, number>();
  for (const hash of sketch.subarray(0, lookedUp)) {
    const bodies = byHash.get(hash);
    if (bodies === undefined || bodies.length > commonMax) continue;
    for (const i of bodies) shared.set(i, (shared.get(i) ?? 0) + 1);
  }
  const byShare = [...shared].sort(([i, a], [j, b]) => b - a || i - j);
  return byShare.slice(0, comparedMax).map(([i]) => i);
}
