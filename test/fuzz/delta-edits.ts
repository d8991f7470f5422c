/** Seeded pairs of files as editors, linkers and bundlers make them, for the delta tests. */

export interface Random {
  /** An integer in [0, below). */
  below(limit: number): number;
  pick<T>(from: readonly T[]): T;
}

/** Always the same numbers for the same seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { below, pick: (from) => from[below(from.length)]! };
}

/** A file of a random kind. */
export function randomFile(random: Random, size: number): Uint8Array {
  const letters = random.pick([1, 2, 4, 64, 256]);
  const bytes = Uint8Array.from({ length: size }, () => random.below(letters));
  // Repeats, as code and data have them.
  for (let i = random.below(8); i > 0 && size > 16; i--) {
    const from = random.below(size - 8);
    bytes.copyWithin(random.below(size), from, from + random.below(size - from));
  }
  return bytes;
}

type Edit = (bytes: Uint8Array, random: Random) => Uint8Array;

function cut(bytes: Uint8Array, random: Random): [number, number] {
  const start = random.below(bytes.length + 1);
  return [start, Math.min(bytes.length, start + random.below(1 + Math.ceil(bytes.length / 4)))];
}

const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

const edits: readonly Edit[] = [
  (bytes, random) => {
    const at = random.below(bytes.length + 1);
    return join(bytes.subarray(0, at), randomFile(random, random.below(200)), bytes.subarray(at));
  },
  (bytes, random) => {
    const [start, end] = cut(bytes, random);
    return join(bytes.subarray(0, start), bytes.subarray(end));
  },
  (bytes, random) => {
    const [start, end] = cut(bytes, random);
    const rest = join(bytes.subarray(0, start), bytes.subarray(end));
    const at = random.below(rest.length + 1);
    return join(rest.subarray(0, at), bytes.subarray(start, end), rest.subarray(at));
  },
  (bytes, random) => {
    const [start, end] = cut(bytes, random);
    return join(bytes, bytes.subarray(start, end));
  },
  (bytes, random) => {
    // What a linker does: the same amount added all over a region.
    const [start, end] = cut(bytes, random);
    const [step, amount] = [1 + random.below(9), random.below(256)];
    return bytes.map((byte, i) => (i >= start && i < end && i % step === 0 ? byte + amount : byte));
  },
  (bytes, random) => bytes.map((byte) => (random.below(100) === 0 ? random.below(256) : byte)),
];

/** A pair: the second made from the first by some edits; or one of the special cases. */
export function randomPair(random: Random, sizeMax: number): [source: Uint8Array, target: Uint8Array] {
  const source = randomFile(random, random.below(sizeMax + 1));
  switch (random.below(12)) {
    case 0:
      return [source, new Uint8Array(0)];
    case 1:
      return [new Uint8Array(0), source];
    case 2:
      return [source, source.slice()];
    case 3:
      return [source, source.slice().reverse()];
    case 4:
      return [source, randomFile(random, random.below(sizeMax + 1))];
  }
  let target = source;
  for (let i = 1 + random.below(6); i > 0; i--) target = random.pick(edits)(target, random);
  return [source, target];
}
