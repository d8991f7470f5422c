/**
 * The author's direction of a map of pieces: for every value that occurs in the target, one that the map
 * leads back to it. Where the map has none, the value is moved to a spare place of its own behind all
 * others, with one more piece that moves it back.
 */
import { Piecewise } from "./piecewise.ts";
import { movedMax, type SpaceMap } from "./space.ts";
import type { Votes } from "./votes.ts";

export interface Inverted {
  readonly pieces: Piecewise;
  readonly forward: SpaceMap;
}

/** The map, perhaps with pieces more, and its other direction for the values of `occurring`. */
export function invertPieces(pieces: Piecewise, votes: Votes, occurring: ReadonlySet<number>): Inverted {
  if (pieces.starts.length === 0) return unmoved;
  const forward = votedOrigins(pieces, votes);
  const values = Float64Array.from(occurring).sort();
  const spare: number[] = [];
  let shift = 0;
  for (const value of values) {
    if (Math.abs(value) > movedMax) continue;
    const voted = forward.get(value);
    if (voted !== undefined) {
      shift = value - voted;
      continue;
    }
    // Nobody voted for it: it goes where its neighbours go, if it can.
    const source =
      [value - shift, value].find((each) => pieces.get(each) === value) ?? originOf(pieces, value);
    if (source === undefined) spare.push(value);
    else forward.set(value, source);
  }
  const whole = withSpare(pieces, forward, spare);
  const stays = values.every((value) => whole.get(forward.get(value) ?? value) === value);
  return stays ? { pieces: whole, forward: { get: (value) => forward.get(value) ?? value } } : unmoved;
}

const unmoved: Inverted = {
  pieces: new Piecewise(new Float64Array(0), new Float64Array(0)),
  forward: { get: (value) => value },
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

function originOf({ starts, shifts }: Piecewise, value: number): number | undefined {
  for (let i = 0; i < starts.length; i++) {
    const source = value - shifts[i]!;
    if (source >= starts[i]! && source < (starts[i + 1] ?? movedMax)) return source;
  }
  return undefined;
}

/** Adds the piece of the spare places, and one behind everything that moves, from where on nothing does. */
function withSpare(pieces: Piecewise, forward: Map<number, number>, spare: readonly number[]): Piecewise {
  const starts = [...pieces.starts];
  const shifts = [...pieces.shifts];
  let behind = starts.at(-1)! + 1;
  for (const source of forward.values()) behind = Math.max(behind, source + 1);
  if (spare.length > 0) {
    const shift = spare[0]! - behind;
    for (const value of spare) forward.set(value, value - shift);
    starts.push(behind);
    shifts.push(shift);
    behind = spare.at(-1)! - shift + 1;
  }
  if (shifts.at(-1) !== 0) {
    starts.push(behind);
    shifts.push(0);
  }
  return new Piecewise(Float64Array.from(starts), Float64Array.from(shifts));
}
