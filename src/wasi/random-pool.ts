/**
 * Random bytes of the system's generator. Few at a time come out of a pool, since asking for sixteen takes as long as
 * asking for hundreds. Each byte is handed out once and is not kept.
 */
import type { GuestMemory } from "./guest-memory.ts";

const pool = new Uint8Array(4096);

/** Where the bytes begin that were not handed out. */
let next: number = pool.length;

/** More than this comes straight from the generator, in pieces of at most `limits.randomChunkBytes`. */
const pooledBytesMax = 256;

/** Fills a range of a guest's memory, which has been checked, with random bytes. */
export function putRandom(memory: GuestMemory, pointer: number, length: number): void {
  if (length > pooledBytesMax) {
    // The generator refuses shared and resizable memory; a copy keeps it out of the guest's.
    memory.slice(pointer, length).set(crypto.getRandomValues(new Uint8Array(length)));
    return;
  }
  if (next + length > pool.length) {
    crypto.getRandomValues(pool);
    next = 0;
  }
  memory.putFew(pointer, pool, next, length);
  for (const end = next + length; next < end; next++) pool[next] = 0;
}
