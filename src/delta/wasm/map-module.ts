/**
 * The author's side: rewrites a module with the values that an older one has in the same places, so that
 * what only moved is equal byte for byte and a delta sees what changed.
 */
import { DecodeError } from "../../bytes/index.ts";
import { EmendError } from "../../errors.ts";
import { collectVotes } from "./collect-votes.ts";
import { fitPieces } from "./fit-pieces.ts";
import { invertPieces } from "./invert-pieces.ts";
import { encodeMaps } from "./maps.ts";
import { matchFunctions } from "./match-functions.ts";
import { rewriteModule } from "./rewrite-module.ts";
import { skeletonOf } from "./skeleton.ts";
import { spaceCount } from "./space.ts";
import { unmapModule } from "./unmap-module.ts";

export interface MappedModule {
  readonly rewritten: Uint8Array<ArrayBuffer>;
  readonly maps: Uint8Array<ArrayBuffer>;
}

/**
 * Rewrites `target` to resemble `source`; `unmapModule(rewritten, maps)` is `target` again, byte for byte.
 * Deterministic, linear in time and memory but for sorting.
 *
 * @returns undefined when one of them is no module that emend can follow, or when no value has moved.
 */
export function mapModule(source: Uint8Array, target: Uint8Array): MappedModule | undefined {
  try {
    return mapDecodable(source, target);
  } catch (thrown) {
    if (thrown instanceof DecodeError) return undefined;
    throw thrown;
  }
}

function mapDecodable(source: Uint8Array, target: Uint8Array): MappedModule | undefined {
  const sourceSkeleton = skeletonOf(source);
  const targetSkeleton = skeletonOf(target);
  const votes = collectVotes(sourceSkeleton, targetSkeleton, matchFunctions(sourceSkeleton, targetSkeleton));
  const pieces = votes.map(fitPieces);
  if (pieces.every(({ starts }) => starts.length === 0)) return undefined;

  const occurring = occurringValues(target);
  const inverted = pieces.map((each, space) => invertPieces(each, votes[space]!, occurring[space]!));
  const rewritten = rewriteModule(
    target,
    inverted.map(({ forward }) => forward),
    target.length + (target.length >> 3) + 64,
  );
  if (rewritten === undefined) return undefined;
  const maps = encodeMaps({ targetLength: target.length, spaces: inverted.map((each) => each.pieces) });
  return undoes(rewritten, maps, target) ? { rewritten, maps } : undefined;
}

/** The values of each space that the module uses: a rewrite that only listens. */
function occurringValues(module: Uint8Array): readonly ReadonlySet<number>[] {
  const sets = Array.from({ length: spaceCount }, () => new Set<number>());
  rewriteModule(
    module,
    sets.map((set) => ({
      get: (value: number): number => {
        set.add(value);
        return value;
      },
    })),
    0,
  );
  return sets;
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
