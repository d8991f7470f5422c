/**
 * How alike two files are, without comparing them: the smallest hashes of their 16-byte windows
 * (bottom-k sketch, Broder 1997). Equal parts have equal windows wherever they stand.
 */

const windowBytes = 16;
/** Hashes kept for each file. */
const sketchSize = 128;

/** Ascending, without doubles. */
export type Sketch = Uint32Array;

/** The `sketchSize` smallest hashes of `bytes`, fewer of a short file. */
export function sketchOf(bytes: Uint8Array): Sketch {
  // All hashes below a bound that lets through some multiple of what is kept, then the smallest of them.
  const windows = Math.max(0, bytes.length - windowBytes + 1);
  const bound = windows <= 4 * sketchSize ? 2 ** 32 : Math.ceil((2 ** 32 * 4 * sketchSize) / windows);
  const low = new Set<number>();
  let hash = 0;
  for (let at = 0; at < bytes.length; at++) {
    hash = (Math.imul(hash, factor) + bytes[at]! + 1) | 0;
    if (at >= windowBytes) hash = (hash - Math.imul(bytes[at - windowBytes]! + 1, leaving)) | 0;
    if (at < windowBytes - 1) continue;
    const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
    if (mixed < bound) low.add(mixed);
  }
  return Uint32Array.from(low).sort().slice(0, sketchSize);
}

/** An odd factor for the rolling hash, and what a byte is worth when it leaves the window. */
const factor = 0x08088405;
const leaving = ((): number => {
  let power = 1;
  for (let i = 0; i < windowBytes; i++) power = Math.imul(power, factor);
  return power;
})();

/** An estimate of the share of windows that two files have in common, 0 to 1. */
export function likeness(a: Sketch, b: Sketch): number {
  const most = Math.min(sketchSize, a.length + b.length);
  let [i, j, seen, shared] = [0, 0, 0, 0];
  for (; seen < most && (i < a.length || j < b.length); seen++) {
    if (i < a.length && j < b.length && a[i] === b[j]) shared++;
    const next = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY);
    if (a[i] === next) i++;
    if (b[j] === next) j++;
  }
  return seen === 0 ? 0 : shared / seen;
}
