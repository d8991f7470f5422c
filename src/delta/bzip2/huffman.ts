/** Huffman code lengths with an upper bound, and the canonical codes for them. */

/** Longest code in bits: what bzip2 1.0 writes. */
const lengthMax = 17;

/** A code length from 1 to 17 for each symbol, also for those that do not occur. */
export function codeLengths(frequencies: Int32Array): Uint8Array {
  // Too long codes come from very uneven weights: flatten them and try again, as bzip2 does.
  let weights = Array.from(frequencies, (count) => Math.max(1, count));
  for (;;) {
    const lengths = unboundedLengths(weights);
    if (lengths.every((length) => length <= lengthMax)) return lengths;
    weights = weights.map((weight) => Math.floor(weight / 2) + 1);
  }
}

function unboundedLengths(weights: readonly number[]): Uint8Array {
  const leaves = weights.length;
  const parent = new Int32Array(2 * leaves - 1);
  const weight = new Float64Array(2 * leaves - 1);
  weight.set(weights);
  // Two queues, both ascending: the leaves by weight (then by symbol) and the inner nodes as they are made.
  const queue = weights.map((_, i) => i).sort((a, b) => weights[a]! - weights[b]! || a - b);
  let [leaf, inner, made] = [0, leaves, leaves];
  const takeLightest = (): number =>
    leaf < leaves && (inner === made || weight[queue[leaf]!]! <= weight[inner]!) ? queue[leaf++]! : inner++;
  for (; made < 2 * leaves - 1; made++) {
    const [a, b] = [takeLightest(), takeLightest()];
    weight[made] = weight[a]! + weight[b]!;
    parent[a] = made;
    parent[b] = made;
  }
  const depth = new Uint8Array(2 * leaves - 1);
  for (let node = 2 * leaves - 3; node >= 0; node--) depth[node] = depth[parent[node]!]! + 1;
  return depth.slice(0, leaves);
}

/** The canonical code of each symbol. */
export function canonicalCodes(lengths: Uint8Array): Int32Array {
  const codes = new Int32Array(lengths.length);
  let code = 0;
  for (let length = 1; length <= lengthMax; length++) {
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] === length) codes[symbol] = code++;
    }
    code <<= 1;
  }
  return codes;
}
