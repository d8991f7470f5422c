/**
 * Collects exact matches between a target and an indexed source, from front to back: the raw material
 * of the alignment. The scan jumps over what it has matched, and a search costs no more than the match
 * it finds, so the work grows with the target and never with its square.
 */
import { matchBytesMin, matchLength, type SourceIndex } from "./source-index.ts";

/** Parallel arrays of exact matches by ascending target offset, without overlap. */
export interface Matches {
  readonly target: readonly number[];
  /** Source offset minus target offset. */
  readonly diagonal: readonly number[];
  readonly length: readonly number[];
  /** Target offset from which on the diagonal is worth trying: its matches, followed backwards across changes. */
  readonly from: readonly number[];
}

/** A run of so many equal bytes on a recent diagonal is followed without asking the index. */
const followBytesMin = 32;
/** A change of so many bytes before so many equal ones does not end a diagonal. */
const gapBytesMax = 4;
const resumeBytesMin = 24;
/** Following a diagonal backwards ends when so many more bytes differed than were equal since the best place. */
const backwardDropMax = 512;
/** Bytes that are compared in following diagonals backwards, as a multiple of the target's length. */
const backwardWorkMax = 8;

export function scan(index: SourceIndex, target: Uint8Array): Matches {
  const { source } = index;
  const found = {
    target: [] as number[],
    diagonal: [] as number[],
    length: [] as number[],
    from: [] as number[],
  };
  const recent = [0, 0, 0, 0];
  /** Where the last match on each diagonal ended: what lies before has been followed already. */
  const ends = new Map<number, number>();
  let work = target.length * backwardWorkMax + 4096;
  let at = 0;
  while (at < target.length) {
    let length = 0;
    let rank = 0;
    for (let k = 0; k < recent.length && length < followBytesMin; k++) {
      const run = matchLength(source, at + recent[k]!, target, at);
      if (run > length) {
        length = run;
        rank = k;
      }
    }
    let diagonal = recent[rank]!;
    if (length < followBytesMin && !resumes(source, target, at + length, recent[0]!)) {
      const longest = index.find(target, at);
      if (longest > length) {
        length = longest;
        diagonal = index.matchOffset - at;
        rank = recent.length - 1;
      }
    }
    if (length < matchBytesMin) {
      at++;
      continue;
    }
    recent.copyWithin(1, 0, rank);
    recent[0] = diagonal;
    const most = Math.min(work, at - (ends.get(diagonal) ?? 0));
    const reach = reachBack(source, target, at, diagonal, most, Math.min(backwardDropMax, 8 * length));
    ends.set(diagonal, at + length);
    work -= reach;
    found.target.push(at);
    found.diagonal.push(diagonal);
    found.length.push(length);
    found.from.push(at - reach);
    at += length;
  }
  return found;
}

/** Whether the diagonal is equal again soon behind a change at `at`: then nothing better is looked for. */
function resumes(source: Uint8Array, target: Uint8Array, at: number, diagonal: number): boolean {
  for (let gap = 1; gap <= gapBytesMax; gap++) {
    const start = at + gap;
    if (matchLength(source, start + diagonal, target, start, 0, resumeBytesMin) === resumeBytesMin)
      return true;
  }
  return false;
}

/** How far before `at` the diagonal still has more equal bytes than changed ones. */
function reachBack(
  source: Uint8Array,
  target: Uint8Array,
  at: number,
  diagonal: number,
  most: number,
  drop: number,
): number {
  let score = 0;
  let best = 0;
  let reach = 0;
  const end = Math.min(most, at + diagonal);
  for (let back = 1; back <= end; back++) {
    if (source[at + diagonal - back] === target[at - back]) {
      if (++score > best) {
        best = score;
        reach = back;
      }
    } else if (--score < best - drop) break;
  }
  return reach;
}
