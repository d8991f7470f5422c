/**
 * Memory for what one file is made in before its bytes go into a blob, kept from file to file and from patch to patch:
 * of 10 MB that are new to a process, touching them takes longer than filling them.
 */
import { scratchBytesMax } from "../limits.ts";

/** The scratch while one file is made. Nobody else gets it before it is disposed. */
export interface Loan extends Disposable {
  /** Room for one file, with anything in it. */
  readonly allocate: (bytes: number) => Uint8Array<ArrayBuffer>;
}

export class Scratch {
  #bytes = new Uint8Array();
  #isLent = false;

  /** Whoever comes while it is lent gets new memory: two sites may be updated at once. */
  lend(): Loan {
    const isOwn = !this.#isLent;
    if (isOwn) this.#isLent = true;
    return {
      allocate: (bytes) => (isOwn && bytes <= scratchBytesMax ? this.#atLeast(bytes) : new Uint8Array(bytes)),
      [Symbol.dispose]: () => {
        if (isOwn) this.#isLent = false;
      },
    };
  }

  #atLeast(bytes: number): Uint8Array<ArrayBuffer> {
    if (this.#bytes.length < bytes) this.#bytes = new Uint8Array(bytes);
    return this.#bytes.subarray(0, bytes);
  }
}
