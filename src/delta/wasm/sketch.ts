/**
 * How alike two texts are, from the smallest hashes of their windows (bottom-k MinHash, Broder 1997):
 * the share of equal hashes among the smallest of both estimates the share of windows in common.
 */

/** Ascending, without repetition, `kept` at most. */
export type Sketch = Uint32Array;

const windowBytes = 6;
const kept = 64;
const factor = 0x01000193;
/** What a byte that leaves the window has been multiplied with: factor ^ windowBytes. */
let leaving = 1;
for (let i = 0; i < windowBytes; i++) leaving = Math.imul(leaving, factor);

const scratch = new Uint32Array(kept + 1);

export function sketchOf(text: Uint8Array, start: number, end: number): Sketch {
  let size = 0;
  let rolling = 0;
  for (let at = start; at < end; at++) {
    rolling = (Math.imul(rolling, factor) + text[at]! + 1) | 0;
    if (at >= start + windowBytes) rolling = (rolling - Math.imul(text[at - windowBytes]! + 1, leaving)) | 0;
    if (at < start + windowBytes - 1 && at < end - 1) continue;
    let mixed = Math.imul(rolling ^ (rolling >>> 15), 0x2c1b3c6d);
    mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
    const hash = (mixed ^ (mixed >>> 15)) >>> 0;
    if (size === kept && hash >= scratch[kept - 1]!) continue;
    size = insert(hash, size);
  }
  return scratch.slice(0, size);
}

/** Puts a hash in its place of `scratch`, unless it is there. */
function insert(hash: number, size: number): number {
  let place = size;
  while (place > 0 && scratch[place - 1]! > hash) place--;
  if (place > 0 && scratch[place - 1] === hash) return size;
  scratch.copyWithin(place + 1, place, size);
  scratch[place] = hash;
  return Math.min(size + 1, kept);
}

/** From 0 (nothing in common) to 1. */
export function similarity(a: Sketch, b: Sketch): number {
  let x = 0;
  let y = 0;
  let equal = 0;
  let union = 0;
  while (x < a.length && y < b.length && union < kept) {
    union++;
    const difference = a[x]! - b[y]!;
    if (difference === 0) equal++;
    if (difference <= 0) x++;
    if (difference >= 0) y++;
  }
  union = Math.min(kept, union + a.length - x + b.length - y);
  return union === 0 ? 1 : equal / union;
}
