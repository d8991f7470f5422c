/**
 * A token bucket for each client address, in a fixed amount of memory however many clients there are: a table of cells,
 * four for each client, chosen by hashes that nobody outside can compute (a count-min sketch of buckets).
 *
 * A cell is shared by whoever hashes to it, so it may be emptier than one client left it, never fuller. The fullest of
 * a client's four cells is its bucket. So nobody can ever get more than the rate; nothing is evicted, so nobody can
 * push a bucket out to have a new one; and to be refused for others' doing, a client must share all four cells with
 * busy ones. A cell is busy for about a second after its last token: with 1,000 clients in the same second the odds are
 * 1 in 80,000, with 10,000 they are 1 in 22.
 */
import { clientBucketCells } from "../../limits.ts";
import { clientKeyBytes, writeClientKey } from "./client-key.ts";
import { type Rate, rateOf, tokenAfterMs, withoutToken } from "./token-bucket.ts";

const rows = 4;

export class ClientBuckets {
  readonly #rate: Rate;
  /** When each cell is full again; zero is long ago. */
  readonly #fullMs = new Float64Array(rows * clientBucketCells);
  /** Simple tabulation: a random word for each value of each byte of a key, and two such hashes. */
  readonly #words: readonly [Uint32Array, Uint32Array] = [randomWords(), randomWords()];
  readonly #key = new Uint8Array(clientKeyBytes);
  /** The cells of the client that is being looked at. */
  readonly #cells = new Uint32Array(rows);

  constructor(perSecond: number) {
    this.#rate = rateOf(perSecond);
  }

  /** Takes a token of a client, by its address: 0, or how long until there is one, in milliseconds. */
  take(address: string, nowMs: number): number {
    this.#find(address);
    const cells = this.#cells;
    let fullMs = Number.POSITIVE_INFINITY;
    for (const cell of cells) fullMs = Math.min(fullMs, this.#fullMs[cell]!);
    const waitMs = tokenAfterMs(fullMs, this.#rate, nowMs);
    if (waitMs > 0) return waitMs;
    const nextMs = withoutToken(fullMs, this.#rate, nowMs);
    for (const cell of cells) this.#fullMs[cell] = Math.max(this.#fullMs[cell]!, nextMs);
    return 0;
  }

  #find(address: string): void {
    writeClientKey(address, this.#key);
    for (let pair = 0; pair < 2; pair++) {
      const words = this.#words[pair]!;
      let hash = 0;
      for (let i = 0; i < clientKeyBytes; i++) hash ^= words[i * 256 + this.#key[i]!]!;
      // One hash has bits for two rows.
      this.#cells[2 * pair] = 2 * pair * clientBucketCells + (hash & (clientBucketCells - 1));
      this.#cells[2 * pair + 1] =
        (2 * pair + 1) * clientBucketCells + ((hash >>> 16) & (clientBucketCells - 1));
    }
  }
}

function randomWords(): Uint32Array {
  return crypto.getRandomValues(new Uint32Array(clientKeyBytes * 256));
}
