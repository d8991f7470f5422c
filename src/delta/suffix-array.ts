/**
 * Suffix sorting by induced sorting (SA-IS: Nong, Zhang and Chan, "Two efficient algorithms for linear
 * time suffix array construction", 2009), in linear time and inside the array that is returned: the
 * way of keeping marks in the sign bit is that of Yuta Mori's sais-lite (MIT).
 *
 * The result depends on the text alone: every correct suffix sorter gives this very array.
 */
import { invariant } from "../errors.ts";

/** Start offsets of all suffixes of `text` in ascending order (a suffix sorts before its extensions). */
export function suffixArray(text: Uint8Array): Int32Array {
  invariant(text.length < 2 ** 31, "a text that an Int32Array can index");
  const order = new Int32Array(text.length);
  // Widened, so that the sort sees one kind of array at every level: a third faster than sorting bytes.
  if (text.length > 1) sortSuffixes(Int32Array.from(text), order, 256);
  return order;
}

/** Fills `sa[0, text.length)`; symbols of `text` are below `alphabet`. What follows in `sa` is scratch. */
function sortSuffixes(text: Int32Array, sa: Int32Array, alphabet: number): void {
  const n = text.length;
  const counts = new Int32Array(alphabet);
  for (let i = 0; i < n; i++) counts[text[i]!]!++;
  const buckets = new Int32Array(alphabet);

  sa.fill(0, 0, n);
  const m = placeLms(text, sa, counts, buckets);
  if (m > 1) {
    sortLms(text, sa, counts, buckets);
    const names = nameLms(text, sa, m);
    if (names < m) sortReduced(text, sa, m, names);
    spreadLms(text, sa, m, counts, buckets);
  }
  induce(text, sa, counts, buckets);
}

function bucketStarts(counts: Int32Array, buckets: Int32Array): void {
  let sum = 0;
  for (let c = 0; c < counts.length; c++) {
    buckets[c] = sum;
    sum += counts[c]!;
  }
}

function bucketEnds(counts: Int32Array, buckets: Int32Array): void {
  let sum = 0;
  for (let c = 0; c < counts.length; c++) {
    sum += counts[c]!;
    buckets[c] = sum;
  }
}

/**
 * Calls nothing and allocates nothing: returns the start of the last LMS suffix before `end`, or -1.
 * LMS: a suffix smaller than the next whose left neighbour is larger. The end of text is not one.
 */
function previousLms(text: Int32Array, end: number): number {
  let i = end - 1;
  if (i < 0) return -1;
  let right = text[i]!;
  let left = right;
  while (--i >= 0) {
    left = text[i]!;
    if (left < right) break;
    right = left;
  }
  if (i < 0) return -1;
  right = left;
  while (--i >= 0) {
    left = text[i]!;
    if (left > right) return i + 1;
    right = left;
  }
  return -1;
}

/** Puts each LMS suffix but the leftmost (as the position before it) at the end of its bucket; returns how many. */
function placeLms(text: Int32Array, sa: Int32Array, counts: Int32Array, buckets: Int32Array): number {
  bucketEnds(counts, buckets);
  let m = 0;
  let slot = -1;
  let pending = 0;
  for (let i = previousLms(text, text.length); i >= 0; i = previousLms(text, i + 1)) {
    if (slot >= 0) sa[slot] = pending;
    const c = text[i]!;
    slot = buckets[c]! - 1;
    buckets[c] = slot;
    pending = i - 1;
    m++;
  }
  // One LMS suffix alone needs no sorting of LMS substrings: it is placed as itself.
  if (m === 1) sa[slot] = pending + 1;
  return m;
}

/** Induces from the placed LMS suffixes; afterwards the sorted LMS suffixes stand complemented, all else is 0. */
function sortLms(text: Int32Array, sa: Int32Array, counts: Int32Array, buckets: Int32Array): void {
  const n = text.length;
  bucketStarts(counts, buckets);
  let j = n - 1;
  let c1 = text[j]!;
  let b = buckets[c1]!;
  j--;
  sa[b++] = text[j]! < c1 ? ~j : j;
  for (let i = 0; i < n; i++) {
    j = sa[i]!;
    if (j > 0) {
      const c0 = text[j]!;
      if (c0 !== c1) {
        buckets[c1] = b;
        c1 = c0;
        b = buckets[c1]!;
      }
      j--;
      sa[b++] = text[j]! < c1 ? ~j : j;
      sa[i] = 0;
    } else if (j < 0) {
      sa[i] = ~j;
    }
  }
  bucketEnds(counts, buckets);
  c1 = 0;
  b = buckets[0]!;
  for (let i = n - 1; i >= 0; i--) {
    j = sa[i]!;
    if (j > 0) {
      const c0 = text[j]!;
      if (c0 !== c1) {
        buckets[c1] = b;
        c1 = c0;
        b = buckets[c1]!;
      }
      j--;
      sa[--b] = text[j]! > c1 ? ~(j + 1) : j;
      sa[i] = 0;
    }
  }
}

/** Packs the m sorted LMS suffixes to the front and writes each one's rank to `sa[m + start / 2]`; returns the ranks' count. */
function nameLms(text: Int32Array, sa: Int32Array, m: number): number {
  const n = text.length;
  let packed = 0;
  for (let i = 0; packed < m; i++) {
    const p = sa[i]!;
    if (p < 0) {
      sa[i] = 0;
      sa[packed++] = ~p;
    }
  }
  sa.fill(0, m, m + (n >> 1));
  let end = n;
  for (let i = previousLms(text, n); i >= 0; i = previousLms(text, i + 1)) {
    sa[m + (i >> 1)] = end - i;
    end = i + 1;
  }
  let names = 0;
  let q = n;
  let qLength = 0;
  for (let i = 0; i < m; i++) {
    const p = sa[i]!;
    const pLength = sa[m + (p >> 1)]!;
    let same = pLength === qLength && q + pLength < n;
    for (let j = 0; same && j < pLength; j++) same = text[p + j] === text[q + j];
    if (!same) {
      names++;
      q = p;
      qLength = pLength;
    }
    sa[m + (p >> 1)] = names;
  }
  return names;
}

/** Sorts the LMS suffixes by sorting the text of their names; `sa[0, m)` holds them in order afterwards. */
function sortReduced(text: Int32Array, sa: Int32Array, m: number, names: number): void {
  const n = text.length;
  const reduced = sa.subarray(n - m, n);
  for (let i = m + (n >> 1) - 1, j = m - 1; i >= m; i--) {
    const name = sa[i]!;
    if (name !== 0) reduced[j--] = name - 1;
  }
  sortSuffixes(reduced, sa.subarray(0, n - m), names);
  for (let i = previousLms(text, n), j = m - 1; i >= 0; i = previousLms(text, i + 1)) reduced[j--] = i;
  for (let i = 0; i < m; i++) sa[i] = reduced[sa[i]!]!;
}

/** Moves the m sorted LMS suffixes from the front to the ends of their buckets, zeros elsewhere. */
function spreadLms(
  text: Int32Array,
  sa: Int32Array,
  m: number,
  counts: Int32Array,
  buckets: Int32Array,
): void {
  bucketEnds(counts, buckets);
  let j = text.length;
  let i = m - 1;
  while (i >= 0) {
    const c = text[sa[i]!]!;
    const end = buckets[c]!;
    while (end < j) sa[--j] = 0;
    while (i >= 0 && text[sa[i]!] === c) {
      const p = sa[i]!;
      i--;
      sa[--j] = p;
    }
  }
  while (j > 0) sa[--j] = 0;
}

/** Induces the order of all suffixes from that of the LMS suffixes. */
function induce(text: Int32Array, sa: Int32Array, counts: Int32Array, buckets: Int32Array): void {
  const n = text.length;
  bucketStarts(counts, buckets);
  let j = n - 1;
  let c1 = text[j]!;
  let b = buckets[c1]!;
  sa[b++] = j > 0 && text[j - 1]! < c1 ? ~j : j;
  for (let i = 0; i < n; i++) {
    j = sa[i]!;
    sa[i] = ~j;
    if (j > 0) {
      j--;
      const c0 = text[j]!;
      if (c0 !== c1) {
        buckets[c1] = b;
        c1 = c0;
        b = buckets[c1]!;
      }
      sa[b++] = j > 0 && text[j - 1]! < c1 ? ~j : j;
    }
  }
  bucketEnds(counts, buckets);
  c1 = 0;
  b = buckets[0]!;
  for (let i = n - 1; i >= 0; i--) {
    j = sa[i]!;
    if (j > 0) {
      j--;
      const c0 = text[j]!;
      if (c0 !== c1) {
        buckets[c1] = b;
        c1 = c0;
        b = buckets[c1]!;
      }
      sa[--b] = j === 0 || text[j - 1]! > c1 ? ~j : j;
    } else {
      sa[i] = ~j;
    }
  }
}
