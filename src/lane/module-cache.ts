/**
 * Compiled modules by the digest of their bytes: the same bytes on several routes, sites or releases are
 * compiled once. An entry lives as long as something uses it.
 */
import type { CompiledModule } from "../guest/index.ts";

interface Entry {
  readonly compiled: Promise<CompiledModule>;
  users: number;
}

export class ModuleCache {
  readonly #entries = new Map<string, Entry>();

  get size(): number {
    return this.#entries.size;
  }

  /**
   * The compiled module, made with `compile` if nobody has it yet. Each success is matched by a `release`.
   *
   * @throws EmendError `module.*` when it cannot be served.
   */
  async acquire(sha256: string, compile: () => Promise<CompiledModule>): Promise<CompiledModule> {
    let entry = this.#entries.get(sha256);
    if (entry === undefined) {
      entry = { compiled: compile(), users: 0 };
      this.#entries.set(sha256, entry);
    }
    entry.users++;
    try {
      return await entry.compiled;
    } catch (error) {
      this.release(sha256);
      throw error;
    }
  }

  release(sha256: string): void {
    const entry = this.#entries.get(sha256);
    if (entry !== undefined && --entry.users === 0) this.#entries.delete(sha256);
  }
}
