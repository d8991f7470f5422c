/**
 * The way back to an earlier release: because the operator asks for it, or because the one that runs fails while it is
 * watched. What stands by for that is compiled and takes over at once; any other is opened and probed first.
 */
import type { UpdateResult } from "../admin/index.ts";
import type { ReadyRelease } from "./site-lane.ts";
import type { Watch } from "./tenure.ts";
import type { FinalVerdict } from "./trial.ts";
import { timed, updateResult } from "./update-result.ts";
import type { Cause, UpdatedSite } from "./updated-site.ts";

/**
 * To be called in the site's turn.
 *
 * @param insist Also to one that was rolled back from, and without its probes.
 * @throws EmendError `release.unknown`, `release.changed`, `module.*`, `site.*`, `probe.failed`, `store.*`,
 *   `update.failed`: then all is as it was.
 */
export async function rollBack<Ready extends ReadyRelease>(
  site: UpdatedSite<Ready>,
  to: string,
  insist: boolean,
  cause: Cause,
): Promise<UpdateResult> {
  const { lane, tenure } = site;
  const start = performance.now();
  const standby = tenure.watch?.standby;
  const isReady = standby !== undefined && standby.release.digest === to;
  const [next, compileMs] = await timed(async () =>
    isReady ? standby : await site.prepare(await site.open(to)),
  );
  const from = site.running;
  const goesBack = site.releases.sequenceOf(to) < site.journaled.sequence;
  const [probeMs, storeMs] = await site.orDiscard(isReady ? undefined : next, async () => {
    const [, probeMs] = await timed(async () =>
      isReady || insist ? undefined : await lane.probe(next.ready),
    );
    const [, storeMs] = await timed(() => commit(site, { from, to, goesBack, insist }, cause));
    return [probeMs, storeMs];
  });
  const { before, ms: swapMs } = tenure.swap(next);
  lane.discard(before.ready);
  site.settle();
  announceRollback(site, from, to, cause);
  const total = performance.now() - start;
  const ms = {
    verify: 0,
    apply: 0,
    compile: compileMs,
    probe: probeMs,
    store: storeMs,
    swap: swapMs,
    total,
  };
  const { sequence } = site.journaled;
  return updateResult(site, {
    status: "rolled-back",
    from,
    release: next.release,
    sequence,
    patchBytes: 0,
    ms,
  });
}

/** The watch of a release is over: what stood by goes, or comes back. */
export async function endWatch<Ready extends ReadyRelease>(
  site: UpdatedSite<Ready>,
  watch: Watch<Ready>,
  verdict: FinalVerdict,
): Promise<void> {
  const { tenure, notices } = site;
  if (verdict.kind === "good") {
    tenure.passWatch();
    site.settle();
    return;
  }
  const { reason } = verdict;
  try {
    await site.turns.inTurn(async () => {
      // Another change may have come first, and with it another release.
      if (tenure.watch !== watch) return;
      const { digest } = watch.standby.release;
      await notices.audited("rollback", "node", async (about) => {
        about.release = digest;
        about.detail = reason;
        await rollBack(site, digest, true, { actor: "node", reason });
      });
    });
  } catch (error) {
    notices.problem(error, `a release that fails (${reason}) was not rolled back`);
  }
}

/** Tells that an earlier release answers again; what the node did by itself is told the operator's endpoint, too. */
export function announceRollback<Ready extends ReadyRelease>(
  site: UpdatedSite<Ready>,
  from: string,
  to: string,
  { actor, reason }: Cause,
): void {
  const { notices, name } = site;
  const { generation } = site.step(from, to);
  notices.publish({ event: "rolled-back", site: name, from, to, generation, reason, actor });
  if (actor !== "node") return;
  const text = `emend: site ${name} was rolled back from ${from} to ${to}: ${reason}`;
  void notices.tell({ text, event: "rolled-back", release: from, running: to, reason });
}

async function commit<Ready extends ReadyRelease>(
  { journal, releases, notices }: UpdatedSite<Ready>,
  { from, to, goesBack, insist }: { from: string; to: string; goesBack: boolean; insist: boolean },
  { actor }: Cause,
): Promise<void> {
  try {
    releases.follow(await journal.change("rollback", to, goesBack ? from : null));
    if (insist) releases.follow(await journal.change("clearBad", to));
  } catch (error) {
    // A release that fails goes, also from a disk that does: only the next start will not know.
    if (actor !== "node") throw error;
    notices.problem(error, `the rollback from ${from} to ${to} is not durable`);
  }
}
