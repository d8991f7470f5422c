/**
 * The compiled modules that one release uses, each taken from the cache once. Giving the lease back lets all of
 * them go, also those that are still being compiled then.
 */
import type { CompiledModule } from "../guest/index.ts";
import type { SiteFile } from "../http/index.ts";
import type { ModuleCache } from "./module-cache.ts";

export class ModuleLease {
  readonly #cache: ModuleCache;
  readonly #compile: (file: SiteFile) => Promise<CompiledModule>;
  readonly #held = new Map<string, Promise<CompiledModule>>();
  #ended = false;

  constructor(cache: ModuleCache, compile: (file: SiteFile) => Promise<CompiledModule>) {
    this.#cache = cache;
    this.#compile = compile;
  }

  /** Takes in a module that another thread has compiled. */
  adopt(sha256: string, compiled: CompiledModule): void {
    if (!this.#held.has(sha256))
      this.#held.set(
        sha256,
        this.#acquire(sha256, async () => compiled),
      );
  }

  /** The module in a file. A failure is not kept: the next call tries again. @throws EmendError `module.*` */
  compile(file: SiteFile): Promise<CompiledModule> {
    const { sha256 } = file;
    let compiled = this.#held.get(sha256);
    if (compiled === undefined) {
      compiled = this.#acquire(sha256, () => this.#compile(file));
      this.#held.set(sha256, compiled);
    }
    return compiled;
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    for (const [sha256, compiled] of this.#held) compiled.then(() => this.#cache.release(sha256), ignore);
    this.#held.clear();
  }

  async #acquire(sha256: string, compile: () => Promise<CompiledModule>): Promise<CompiledModule> {
    try {
      return await this.#cache.acquire(sha256, compile);
    } catch (error) {
      if (!this.#ended) this.#held.delete(sha256);
      throw error;
    }
  }
}

/** Whoever asked for the module has the error. */
function ignore(): void {
  // Nothing was taken.
}
