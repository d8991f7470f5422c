/** What somebody who asked for an update is told: what runs now, what came for it, and how long each step took. */
import type { UpdateResult, UpdateTimes } from "../admin/index.ts";
import type { Release } from "../release/index.ts";
import type { ReadyRelease } from "./site-lane.ts";
import type { UpdatedSite } from "./updated-site.ts";

/** What only the change itself knows. */
export interface Outcome {
  readonly status: UpdateResult["status"];
  readonly from: string;
  readonly release: Release;
  readonly sequence: number;
  readonly patchBytes: number;
  readonly ms: UpdateTimes;
}

export function updateResult<Ready extends ReadyRelease>(
  { tenure, generation }: UpdatedSite<Ready>,
  { status, from, release, sequence, patchBytes, ms }: Outcome,
): UpdateResult {
  const full = [...release.files.values()].reduce((sum, { size }) => sum + size, 0);
  const { canary } = tenure;
  return {
    status,
    from,
    to: release.digest,
    sequence,
    generation,
    bytes: { patch: patchBytes, full },
    ms,
    canary: canary === undefined ? null : tenure.canaryStatus(canary, "running", null),
  };
}

/** Does a step and says how long it took. */
export async function timed<T>(step: () => Promise<T>): Promise<[T, ms: number]> {
  const start = performance.now();
  const result = await step();
  return [result, performance.now() - start];
}
