/**
 * The author's direction of a map of pieces: for every value that occurs in the target, one that the map
 * leads back to it. A value that the map misses gets the next free place, and a piece of its own that moves
 * it back.
 */
import { Piecewise } from "./piecewise.ts";
import type { SpaceMap } from "./space.ts";
import type { Votes } from "./votes.ts";

export interface Inverted {
  readonly pieces: Piecewise;
  readonly forward: SpaceMap;
}

/** The map, perhaps with pieces more, and its other direction for `values`, which occur and ascend. */
export function invertPieces(fitted: Piecewise, votes: Votes, values: Float64Array): Inverted {
  if (fitted.isEmpty) return unmoved;
  // What lies behind all votes stays where it is.
  const movedMax = largestVoted(votes);
  const pieces = new Piecewise(
    Float64Array.of(...fitted.starts, movedMax + 1),
    Float64Array.of(...fitted.shifts, 0),
  );
  const forward = votedOrigins(pieces, votes);
  const originOf = originFinder(pieces);
  const missed: number[] = [];
  let shift = 0;
  for (const value of values) {
    const voted = forward.get(value);
    if (voted !== undefined) {
      shift = value - voted;
      continue;
    }
    // Nobody voted for it: it goes where its neighbours go, if it can.
    const source = value > movedMax ? value : originOf(value, shift);
    if (source === undefined) missed.push(value);
    else forward.set(value, source);
  }
  const places = freePlaces(missed, new Set(forward.values()));
  for (const [place, value] of places) forward.set(value, place);
  return {
    pieces: withOwnPieces(pieces, places),
    forward: { get: (value) => forward.get(value) ?? value, isEmpty: false },
  };
}

const unmoved: Inverted = {
  pieces: new Piecewise(new Float64Array(0), new Float64Array(0)),
  forward: { get: (value) => value, isEmpty: true },
};

/** For each value of the target the source value with most votes among those that the map leads to it. */
function votedOrigins(pieces: Piecewise, { size, targets, sources, counts }: Votes): Map<number, number> {
  const origins = new Map<number, number>();
  const won = new Map<number, number>();
  for (let i = 0; i < size; i++) {
    const target = targets[i]!;
    if (pieces.get(sources[i]!) !== target || counts[i]! <= (won.get(target) ?? 0)) continue;
    won.set(target, counts[i]!);
    origins.set(target, sources[i]!);
  }
  return origins;
}

function largestVoted({ size, targets, sources }: Votes): number {
  let largest = 0;
  for (let i = 0; i < size; i++) largest = Math.max(largest, targets[i]!, sources[i]!);
  return largest;
}

/** Pieces that are tried for a value before it gets a piece of its own. */
const triedMax = 16;

/** Finds values of the source that the map leads to a given one, if some of the likely pieces does. */
function originFinder(pieces: Piecewise): (value: number, shift: number) => number | undefined {
  const { starts, shifts } = pieces;
  const images = Float64Array.from(starts, (start, i) => start + shifts[i]!);
  const order = Uint32Array.from(images, (_, i) => i).sort((a, b) => images[a]! - images[b]! || a - b);
  return (value, shift) => {
    if (pieces.get(value - shift) === value) return value - shift;
    if (pieces.get(value) === value) return value;
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (images[order[middle]!]! <= value) low = middle + 1;
      else high = middle;
    }
    for (let i = low - 1; i >= Math.max(0, low - triedMax); i--) {
      const source = value - shifts[order[i]!]!;
      if (pieces.get(source) === value) return source;
    }
    return undefined;
  };
}

/** A place that no other value takes for each of the values, ascending, with the value. */
function freePlaces(values: readonly number[], taken: ReadonlySet<number>): (readonly [number, number])[] {
  let next = Number.NEGATIVE_INFINITY;
  return values.map((value) => {
    let place = Math.max(value, next);
    while (taken.has(place)) place++;
    next = place + 1;
    return [place, value] as const;
  });
}

/** Puts a piece of length one at each of the places. */
function withOwnPieces(old: Piecewise, places: readonly (readonly [number, number])[]): Piecewise {
  const starts: number[] = [];
  const shifts: number[] = [];
  const begin = (start: number, shift: number): void => {
    if (start === starts.at(-1)) {
      starts.pop();
      shifts.pop();
    }
    if (shift === (shifts.at(-1) ?? 0)) return;
    starts.push(start);
    shifts.push(shift);
  };
  let piece = 0;
  let shift = 0;
  const beginUpTo = (limit: number): void => {
    for (; piece < old.starts.length && old.starts[piece]! <= limit; piece++) {
      shift = old.shifts[piece]!;
      begin(old.starts[piece]!, shift);
    }
  };
  for (const [place, value] of places) {
    beginUpTo(place);
    begin(place, value - place);
    beginUpTo(place + 1);
    begin(place + 1, shift);
  }
  beginUpTo(Number.POSITIVE_INFINITY);
  return new Piecewise(Float64Array.from(starts), Float64Array.from(shifts));
}
