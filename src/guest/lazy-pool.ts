/**
 * A pool whose module is compiled when the first request needs it. For modules that are known to compile: a
 * site inside an executable was checked when the executable was built.
 */
import type { CompiledModule } from "./compiled-module.ts";
import type { Guest, GuestSite } from "./guest.ts";
import { GuestPool, type Pool, type PoolStatus } from "./pool.ts";

export class LazyPool implements Pool {
  readonly #load: () => Promise<CompiledModule>;
  readonly #site: GuestSite;
  #loading: Promise<GuestPool> | undefined;
  #pool: GuestPool | undefined;
  #resting = false;
  #disposed = false;

  constructor(load: () => Promise<CompiledModule>, site: GuestSite) {
    this.#load = load;
    this.#site = site;
  }

  get status(): PoolStatus {
    return this.#pool?.status ?? notCompiled;
  }

  acquire(): Guest | Promise<Guest> {
    return this.#pool?.acquire() ?? this.#open().then((pool) => pool.acquire());
  }

  /** Only a guest of this pool can come back, so there is one. */
  giveBack(guest: Guest): void {
    this.#pool?.giveBack(guest);
  }

  async preload(): Promise<void> {
    await (await this.#open()).preload();
  }

  rest(): void {
    this.#resting = true;
    this.#pool?.rest();
  }

  wake(): void {
    this.#resting = false;
    this.#pool?.wake();
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#pool?.[Symbol.dispose]();
  }

  /** One compilation, however many ask; after a failure the next request tries again. */
  #open(): Promise<GuestPool> {
    this.#loading ??= this.#load().then(
      (compiled) => {
        this.#pool = new GuestPool(compiled, this.#site);
        if (this.#disposed) this.#pool[Symbol.dispose]();
        else if (this.#resting) this.#pool.rest();
        return this.#pool;
      },
      (error: unknown) => {
        this.#loading = undefined;
        throw error;
      },
    );
    return this.#loading;
  }
}

const notCompiled: PoolStatus = {
  live: 0,
  idle: 0,
  memoryBytes: 0,
  strategy: null,
  why: "no request has needed it yet, so it is not compiled",
};
