/**
 * Runs that two texts share: the common beginning, the common end, and between them stretches around
 * windows that the source has once.
 */

/** Called with the beginning of a run in both texts and its length. */
export type OnRun = (sourceAt: number, targetAt: number, length: number) => void;

const windowBytes = 12;
/** A run that a window begins is worth nothing below this: windows meet by chance in long bodies. */
const runBytesMin = 16;

export function alignTexts(
  source: Uint8Array,
  [sourceStart, sourceEnd]: readonly [number, number],
  target: Uint8Array,
  [targetStart, targetEnd]: readonly [number, number],
  table: WindowTable,
  onRun: OnRun,
): void {
  const shorter = Math.min(sourceEnd - sourceStart, targetEnd - targetStart);
  let head = 0;
  while (head < shorter && source[sourceStart + head] === target[targetStart + head]) head++;
  let tail = 0;
  while (tail < shorter - head && source[sourceEnd - 1 - tail] === target[targetEnd - 1 - tail]) tail++;
  if (head > 0) onRun(sourceStart, targetStart, head);
  if (tail > 0) onRun(sourceEnd - tail, targetEnd - tail, tail);

  const [sourceFrom, sourceTo] = [sourceStart + head, sourceEnd - tail];
  const [targetFrom, targetTo] = [targetStart + head, targetEnd - tail];
  if (sourceTo - sourceFrom < runBytesMin || targetTo - targetFrom < runBytesMin) return;
  const places = uniqueWindows(source, sourceFrom, sourceTo, table);
  const mask = places.length - 1;
  let done = targetFrom;
  for (let at = targetFrom; at + windowBytes <= targetTo; ) {
    const place = places[windowHash(target, at) & mask]! - 1;
    if (place < 0) {
      at++;
      continue;
    }
    let after = 0;
    while (at + after < targetTo && place + after < sourceTo && source[place + after] === target[at + after])
      after++;
    let before = 0;
    while (
      at - before > done &&
      place - before > sourceFrom &&
      source[place - before - 1] === target[at - before - 1]
    ) {
      before++;
    }
    if (before + after < runBytesMin) {
      at++;
      continue;
    }
    onRun(place - before, at - before, before + after);
    at += after;
    done = at;
  }
}

/** Room for the windows of one text after another: thousands of bodies would leave as many tables behind. */
export class WindowTable {
  #places: Int32Array = new Int32Array(1024);

  /** Zeros, a power of two of them, at least `length`. */
  cleared(length: number): Int32Array {
    const size = 2 ** Math.ceil(Math.log2(length));
    if (size > this.#places.length) this.#places = new Int32Array(size);
    return this.#places.subarray(0, size).fill(0);
  }
}

/** By hash: place + 1 of the only window with it, or 0 for none or several. */
function uniqueWindows(text: Uint8Array, start: number, end: number, table: WindowTable): Int32Array {
  const places = table.cleared((end - start) * 2);
  const mask = places.length - 1;
  for (let at = start; at + windowBytes <= end; at++) {
    const slot = windowHash(text, at) & mask;
    places[slot] = places[slot] === 0 ? at + 1 : -1;
  }
  return places;
}

function windowHash(text: Uint8Array, at: number): number {
  let hash = 0;
  for (let i = 0; i < windowBytes; i++) hash = Math.imul(hash, 0x01000193) ^ text[at + i]!;
  return hash ^ (hash >>> 15);
}
