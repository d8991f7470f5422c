/** What `emend inspect` tells of a module's instances: measured here and now, by doing what the pool does. */
import type { CompiledModule } from "./compiled-module.ts";
import { Instance } from "./instance.ts";
import { type Strategy, StrategyChoice } from "./strategy.ts";

export interface ResetReport {
  readonly strategy: Strategy;
  readonly why: string;
  /** Memory of an instance before its first run, bytes. */
  readonly memoryBytes: number;
}

/** How often creating and restoring are measured. The first ones are slower: code is cold. */
const rounds = 12;

/**
 * Makes instances and puts them back. Nothing of the module runs but what runs at instantiation.
 *
 * @throws WebAssembly.RuntimeError when that traps.
 */
export async function measureReset(compiled: CompiledModule): Promise<ResetReport> {
  const choice = new StrategyChoice(compiled.unrestorable);
  let memoryBytes = 0;
  for (let round = 0; round < rounds; round++) {
    const createdMs = performance.now();
    const instance = await Instance.create(compiled);
    choice.created(performance.now() - createdMs);
    memoryBytes = instance.memoryBytes;
    if (compiled.unrestorable.length > 0) break;
    instance.takeSnapshot();
    const restoredMs = performance.now();
    instance.restore();
    choice.restored(performance.now() - restoredMs);
  }
  return { strategy: choice.strategy, why: choice.why, memoryBytes };
}
