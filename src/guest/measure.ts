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

/** How often each is done. The first ones are slower, since the code is cold; the choice keeps the last. */
const [creations, restores] = [12, 200];

/** Each of the two ends after this, so that a huge memory does not keep anybody waiting. */
const budgetMs = 125;

/** Restores that are measured even then: the choice needs so many. */
const restoresMin = 5;

/**
 * Makes instances and puts them back. Nothing of the module runs but what runs at instantiation.
 *
 * @throws EmendError `module.invalid` when that traps.
 */
export async function measureReset(compiled: CompiledModule): Promise<ResetReport> {
  const choice = new StrategyChoice(compiled.unrestorable);
  let endMs = performance.now() + budgetMs;
  const timed = async <T>(work: () => T | Promise<T>): Promise<readonly [T, number]> => {
    const startMs = performance.now();
    const result = await work();
    return [result, performance.now() - startMs];
  };

  let [instance, ms] = await timed(() => Instance.create(compiled));
  for (let i = 1; i < creations && performance.now() < endMs; i++) {
    choice.created(ms);
    [instance, ms] = await timed(() => Instance.create(compiled));
  }
  choice.created(ms);
  const { memoryBytes } = instance;
  if (compiled.unrestorable.length === 0) {
    instance.takeSnapshot();
    endMs = performance.now() + budgetMs;
    for (let i = 0; i < restoresMin || (i < restores && performance.now() < endMs); i++) {
      choice.restored((await timed(() => instance.restore()))[1], instance.clearsTouchedOnly);
    }
  }
  return { strategy: choice.strategy, why: choice.why, memoryBytes };
}
