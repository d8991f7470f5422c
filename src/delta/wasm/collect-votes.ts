/** Lets the immediates of matched bodies say which values of the source stand for those of the target. */
import { alignTexts, WindowTable } from "./align-texts.ts";
import { type AlignableWords, alignWords } from "./align-words.ts";
import type { DataWords } from "./data-words.ts";
import { kindAt, type Skeleton, valueAt } from "./skeleton.ts";
import { dataSpace, movedMax, spaceOfKind } from "./space.ts";
import { Votes } from "./votes.ts";

/** Votes of each space of immediates; `sourceOf` is what `matchFunctions` found. */
export function collectVotes(source: Skeleton, target: Skeleton, sourceOf: Int32Array): Votes[] {
  const spaces = Array.from({ length: dataSpace }, () => new Votes());
  const table = new WindowTable();
  for (let body = 0; body < target.count; body++) {
    const other = sourceOf[body]!;
    if (other < 0) continue;
    spaces[0]!.add(body + target.imported, other + source.imported);
    const sourceRange = [source.textStarts[other]!, source.textStarts[other + 1]!] as const;
    const targetRange = [target.textStarts[body]!, target.textStarts[body + 1]!] as const;
    alignTexts(source.text, sourceRange, target.text, targetRange, table, (sourceAt, targetAt, length) => {
      voteAlong(source, firstAt(source, other, sourceAt), target, firstAt(target, body, targetAt), {
        offset: sourceAt - targetAt,
        end: targetAt + length,
        spaces,
      });
    });
  }
  return spaces;
}

/**
 * Votes of the words of data that could be addresses or indices, in runs that stand for each other, and of
 * the addresses of segments. Words outside of runs vote for staying as they are: tables that only repeat
 * themselves make no runs, and the delta finds them as long as nobody touches them.
 */
export function collectWordVotes(source: DataWords, target: DataWords): Votes {
  const votes = new Votes();
  const limit = Math.max(source.high, target.high);
  const vote = (value: number, before: number): void => {
    if (value < limit && before < limit) votes.add(value, before);
  };
  let voted = 0;
  const stayUpTo = (end: number): void => {
    for (; voted < end; voted++) vote(target.words[voted]!, target.words[voted]!);
  };
  alignWords(source, target, (sourceAt, targetAt, length) => {
    stayUpTo(targetAt);
    for (let i = 0; i < length; i++) vote(target.words[targetAt + i]!, source.words[sourceAt + i]!);
    voted = targetAt + length;
  });
  stayUpTo(target.words.length);
  const segments = ({ hashes }: DataWords): AlignableWords => ({ words: hashes, low: 0, high: 0 });
  alignWords(segments(source), segments(target), (sourceAt, targetAt, length) => {
    for (let i = 0; i < length; i++) vote(target.addresses[targetAt + i]!, source.addresses[sourceAt + i]!);
  });
  return votes;
}

/** Pairs immediates that stand at the same place of a run. */
function voteAlong(
  source: Skeleton,
  sourceFirst: number,
  target: Skeleton,
  targetFirst: number,
  run: { readonly offset: number; readonly end: number; readonly spaces: readonly Votes[] },
): void {
  let i = sourceFirst;
  for (let j = targetFirst; j < target.places.length && target.places[j]! < run.end; j++) {
    const place = target.places[j]! + run.offset;
    while (i < source.places.length && source.places[i]! < place) i++;
    if (source.places[i] !== place) continue;
    const kind = kindAt(target, j);
    if (kindAt(source, i) !== kind) continue;
    const [value, before] = [valueAt(target, j), valueAt(source, i)];
    if (Math.abs(value) > movedMax || Math.abs(before) > movedMax) continue;
    run.spaces[spaceOfKind[kind]!]!.add(value, before);
  }
}

/** The first immediate of a body at or behind a place of the text. */
function firstAt({ firsts, places }: Skeleton, body: number, place: number): number {
  let low = firsts[body]!;
  let high = firsts[body + 1]!;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (places[middle]! < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
