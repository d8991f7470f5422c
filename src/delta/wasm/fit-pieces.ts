/**
 * Turns votes into a map of few pieces, from values of the source to values of the target: the map that
 * explains most votes when each new piece costs as much as some of them. Found exactly, by dynamic
 * programming over the voted values in order; between two of them a map may go on or change its shift.
 */
import { Piecewise } from "./piecewise.ts";
import type { Votes } from "./votes.ts";

/** `changeCost` is how many votes a change of shift has to win. */
export function fitPieces(votes: Votes, changeCost: number): Piecewise {
  const order = new Uint32Array(votes.size).map((_, i) => i);
  const { sources, targets, counts } = votes;
  order.sort((a, b) => sources[a]! - sources[b]! || targets[a]! - targets[b]!);

  // Node k ends a way through the votes that agrees with vote order[k]; `previous` is the node before it.
  const previous = new Int32Array(order.length).fill(-1);
  const latest = new Map<number, { score: number; node: number }>([[0, { score: 0, node: -1 }]]);
  let best = { score: 0, node: -1 };
  for (let from = 0, to = 0; from < order.length; from = to) {
    const source = sources[order[from]!]!;
    while (to < order.length && sources[order[to]!] === source) to++;
    const before = best;
    for (let node = from; node < to; node++) {
      const vote = order[node]!;
      const shift = targets[vote]! - source;
      const same = latest.get(shift);
      const goesOn = same !== undefined && same.score >= before.score - changeCost;
      previous[node] = goesOn ? same.node : before.node;
      const score = counts[vote]! + (goesOn ? same.score : before.score - changeCost);
      const way = { score, node };
      latest.set(shift, way);
      if (score > best.score) best = way;
    }
  }

  const way: number[] = [];
  for (let node = best.node; node >= 0; node = previous[node]!) way.push(order[node]!);
  const starts: number[] = [];
  const shifts: number[] = [];
  for (const vote of way.reverse()) {
    const shift = targets[vote]! - sources[vote]!;
    if (shift === (shifts.at(-1) ?? 0)) continue;
    starts.push(sources[vote]!);
    shifts.push(shift);
  }
  return new Piecewise(Float64Array.from(starts), Float64Array.from(shifts));
}
