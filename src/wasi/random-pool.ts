/**
 * Random bytes of the system's generator. Few at a time come out of a pool, since asking for sixteen takes as long as
 * asking for hundreds. Each byte is handed out once and is not kept.
 */
const pool = new Uint8Array(4096);

/** Where the bytes begin that were not handed out. */
let next: number = pool.length;

/** More than this comes straight from the generator, in pieces of at most `limits.randomChunkBytes`. */
const pooledBytesMax = 256;

/** Fills `into` with random bytes. It may be a guest's memory, which the generator itself refuses to write to. */
export function fillRandom(into: Uint8Array): void {
  const { length } = into;
  if (length > pooledBytesMax) {
    into.set(crypto.getRandomValues(new Uint8Array(length)));
    return;
  }
  if (next + length > pool.length) {
    crypto.getRandomValues(pool);
    next = 0;
  }
  for (let i = 0; i < length; i++) {
    into[i] = pool[next]!;
    pool[next++] = 0;
  }
}
