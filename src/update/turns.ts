/** Changes of one site, one after the other. */
import { EmendError } from "../errors.ts";

export class Turns {
  /** Resolves when the change that is under way is over. */
  #current: Promise<void> | undefined;
  #isClosed = false;

  get isBusy(): boolean {
    return this.#current !== undefined;
  }

  /** Runs a change now. Throws `busy` when another one is under way. */
  async orRefuse<T>(change: () => Promise<T>): Promise<T> {
    if (this.isBusy)
      throw new EmendError("busy", "another change of this site is under way; try again when it is over");
    return await this.#run(change);
  }

  /** Runs a change when its turn has come. */
  async inTurn<T>(change: () => Promise<T>): Promise<T> {
    while (this.#current !== undefined) await this.#current;
    return await this.#run(change);
  }

  /** Lets no further change begin; resolves when the one under way is over. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#current;
  }

  async #run<T>(change: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new EmendError("busy", "the node is stopping");
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#current = promise;
    try {
      return await change();
    } finally {
      this.#current = undefined;
      resolve();
    }
  }
}
