/**
 * Runs of two word arrays that stand for each other. Words that look like addresses may differ: a run begins
 * at a window that is unique once these are masked, and goes on while most of what it meets agrees.
 */
export interface AlignableWords {
  readonly words: Uint32Array;
  /** Words in [low, high) look like addresses. */
  readonly low: number;
  readonly high: number;
}

const windowWords = 6;
/** A run ends where this many more words have disagreed than agreed since its best point … */
const patience = 16;
/** … or where it has not got better for so many words: what is looked at in vain stays linear. */
const patienceWords = 1024;

export function alignWords(
  source: AlignableWords,
  target: AlignableWords,
  onRun: (sourceAt: number, targetAt: number, length: number) => void,
): void {
  const [a, b] = [source.words, target.words];
  const places = uniqueWindows(source);
  const mask = places.length - 1;
  const scoreAt = (i: number, j: number): number => {
    if (a[i] === b[j]) return 1;
    return isAddress(source, a[i]!) && isAddress(target, b[j]!) ? 0 : -1;
  };
  let done = 0;
  for (let at = 0; at + windowWords <= b.length; ) {
    const place = places[windowHash(target, at) & mask]! - 1;
    if (place < 0) {
      at++;
      continue;
    }
    let length = 0;
    let score = 0;
    let best = 0;
    for (
      let i = 0;
      at + i < b.length && place + i < a.length && score > best - patience && i < length + patienceWords;
      i++
    ) {
      score += scoreAt(place + i, at + i);
      if (score < best) continue;
      best = score;
      length = i + 1;
    }
    if (best < windowWords / 2) {
      at++;
      continue;
    }
    let before = 0;
    score = best = 0;
    for (
      let i = 1;
      at - i >= done && place - i >= 0 && score > best - patience && i < before + patienceWords;
      i++
    ) {
      score += scoreAt(place - i, at - i);
      if (score <= best) continue;
      best = score;
      before = i;
    }
    onRun(place - before, at - before, before + length);
    at += length;
    done = at;
  }
}

const isAddress = ({ low, high }: AlignableWords, word: number): boolean => word >= low && word < high;

/** By hash: place + 1 of the only window with it, or 0 for none, -1 for several. */
function uniqueWindows(text: AlignableWords): Int32Array {
  const count = text.words.length;
  const places = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(count, 1) * 2)));
  const mask = places.length - 1;
  for (let at = 0; at + windowWords <= count; at++) {
    const slot = windowHash(text, at) & mask;
    places[slot] = places[slot] === 0 ? at + 1 : -1;
  }
  return places;
}

function windowHash(text: AlignableWords, at: number): number {
  let hash = 0;
  for (let i = 0; i < windowWords; i++) {
    const word = text.words[at + i]!;
    hash = Math.imul(hash ^ (isAddress(text, word) ? 1 : word), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}
