/**
 * The author's side: rewrites a module with the values that an older one has in the same places, so that
 * what only moved is equal byte for byte and a delta sees what changed.
 */
import { DecodeError } from "../../bytes/index.ts";
import { EmendError } from "../../errors.ts";
import { collectVotes, collectWordVotes } from "./collect-votes.ts";
import { type DataWords, dataWordsOf } from "./data-words.ts";
import { fitPieces } from "./fit-pieces.ts";
import { invertPieces } from "./invert-pieces.ts";
import { encodeMaps } from "./maps.ts";
import { matchFunctions } from "./match-functions.ts";
import { rewriteModule } from "./rewrite-module.ts";
import { skeletonOf } from "./skeleton.ts";
import { dataSpace } from "./space.ts";
import { unmapModule } from "./unmap-module.ts";
import type { Votes } from "./votes.ts";

/** A difference in code costs about as much as a piece, about a byte when both are coded. */
const immediateChangeCost = 0.9;
/** Words of data are often numbers that only look like addresses: pieces have to be sure. */
const wordChangeCost = 5;

export interface MappedModule {
  readonly rewritten: Uint8Array<ArrayBuffer>;
  readonly maps: Uint8Array<ArrayBuffer>;
}

/**
 * Rewrites `target` to resemble `source`; `unmapModule(rewritten, maps)` is `target` again, byte for byte.
 * Deterministic, linear in time and memory but for sorting.
 *
 * @param onStep called between steps with the share of the work done so far.
 * @returns undefined when one of them is no module that emend can follow, or when no value has moved.
 */
export function mapModule(
  source: Uint8Array,
  target: Uint8Array,
  onStep: (share: number) => void = () => {},
): MappedModule | undefined {
  try {
    return mapDecodable(source, target, onStep);
  } catch (thrown) {
    if (thrown instanceof DecodeError) return undefined;
    throw thrown;
  }
}

function mapDecodable(
  source: Uint8Array,
  target: Uint8Array,
  onStep: (share: number) => void,
): MappedModule | undefined {
  const codeVotes = votesOfCode(source, target, onStep);
  onStep(0.5);
  const words = dataWordsOf(target);
  const votes = [...codeVotes, collectWordVotes(dataWordsOf(source), words)];
  onStep(0.6);
  const pieces = votes.map((each, space) =>
    fitPieces(each, space === dataSpace ? wordChangeCost : immediateChangeCost),
  );
  if (pieces.every(({ isEmpty }) => isEmpty)) return undefined;
  onStep(0.7);

  const occurring = [...occurringImmediates(target), occurringWords(words)];
  const inverted = pieces.map((each, space) => invertPieces(each, votes[space]!, occurring[space]!));
  onStep(0.9);
  const rewritten = rewriteModule(
    target,
    inverted.map(({ forward }) => forward),
    "to-source",
    target.length + (target.length >> 3) + 64,
  );
  if (rewritten === undefined) return undefined;
  const maps = encodeMaps({ targetLength: target.length, spaces: inverted.map((each) => each.pieces) });
  if (maps.length > target.length) return undefined;
  return undoes(rewritten, maps, target) ? { rewritten, maps } : undefined;
}

/** The skeletons, which are large, are garbage once they have voted. */
function votesOfCode(source: Uint8Array, target: Uint8Array, onStep: (share: number) => void): Votes[] {
  const [sourceSkeleton, targetSkeleton] = [skeletonOf(source), skeletonOf(target)];
  onStep(0.2);
  const sourceOf = matchFunctions(sourceSkeleton, targetSkeleton);
  onStep(0.3);
  return collectVotes(sourceSkeleton, targetSkeleton, sourceOf);
}

/** The values of each space of immediates: a rewrite that only listens. */
function occurringImmediates(module: Uint8Array): Float64Array[] {
  const sets = Array.from({ length: dataSpace }, () => new Set<number>());
  const listeners = sets.map((set) => ({
    isEmpty: false,
    get: (value: number): number => {
      set.add(value);
      return value;
    },
  }));
  rewriteModule(module, [...listeners, { isEmpty: true, get: (word: number) => word }], "to-source", 0);
  return sets.map((set) => Float64Array.from(set).sort());
}

/** The words of data and the addresses of segments. */
function occurringWords({ words, addresses }: DataWords): Float64Array {
  const sorted = new Uint32Array(words.length + addresses.length);
  sorted.set(words);
  sorted.set(addresses, words.length);
  sorted.sort();
  return Float64Array.from(sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]));
}

/** Integers padded in ways that no tool is known to write may not come back; then there is no mapping. */
function undoes(rewritten: Uint8Array, maps: Uint8Array, target: Uint8Array): boolean {
  try {
    return Buffer.compare(unmapModule(rewritten, maps), target) === 0;
  } catch (thrown) {
    if (thrown instanceof EmendError) return false;
    throw thrown;
  }
}
