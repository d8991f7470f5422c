/** Moves bytes between a file and the buffers of a guest, in pieces, so that no call holds the thread for long. */
import { copyCost, cost } from "../costs.ts";
import { type Answer, Failure } from "../files/index.ts";
import type { WasiHost } from "../host.ts";
import { limits } from "../limits.ts";
import type { Vector } from "./io-vectors.ts";

/** Moves one piece; `before` bytes of the call were moved already. Answers how many it took. */
export type Move = (piece: Uint8Array, before: number) => Answer<number>;

/**
 * Goes through the buffers until one piece is not moved whole, and ends the call with the sum. A failure is
 * only told when nothing was moved before it: what was done is done.
 */
export function transfer(
  host: WasiHost,
  vectors: readonly Vector[],
  move: Move,
  finish: (total: number) => number,
): number {
  let [total, index, start] = [0, 0, 0];

  /** Whether there is more to move behind a piece of `size` of which `count` bytes were. */
  const advance = (count: number, size: number): boolean => {
    total += count;
    start += count;
    host.charged += cost.fileOperation + copyCost(count);
    if (start === vectors[index]!.length) [index, start] = [index + 1, 0];
    return count === size && index < vectors.length;
  };
  const fail = (failure: Failure): number => (total > 0 ? finish(total) : failure.errno);

  const step = (): number => {
    for (;;) {
      const vector = vectors[index];
      if (vector === undefined) return finish(total);
      const size = Math.min(limits.pieceBytes, vector.length - start);
      const answer = move(host.memory.slice(vector.pointer + start, size), total);
      if (answer instanceof Promise)
        return host.complete(answer, (count) => (advance(count, size) ? step() : finish(total)), fail);
      if (answer instanceof Failure) return fail(answer);
      if (!advance(answer, size)) return finish(total);
      if (host.shouldYield()) return host.completeLater(step);
    }
  };
  return step();
}
