/** A small seeded generator (mulberry32), so that whatever a fuzz test found can be found again. */
export interface Random {
  readonly seed: number;
  /** An integer from 0 up to, not including, `bound`. */
  below(bound: number): number;
  /** One of these. */
  pick<T>(values: readonly T[]): T;
}

/** A generator that begins at EMEND_SEED, or anywhere; tests name its seed in what they print. */
export function createRandom(
  seed: number = Number(Bun.env.EMEND_SEED ?? Math.floor(Math.random() * 2 ** 32)),
): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (bound: number): number => Math.floor((next() / 2 ** 32) * bound);
  return { seed, below, pick: (values) => values[below(values.length)]! };
}
