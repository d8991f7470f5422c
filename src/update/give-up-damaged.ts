/**
 * What a site does about a disk that has not kept the running release: it is given up for the newest one that is
 * whole, what the site begins from in the end.
 */
import { EmendError } from "../errors.ts";
import { announceRollback } from "./roll-back.ts";
import type { ReadyRelease } from "./site-lane.ts";
import type { Live } from "./tenure.ts";
import type { UpdatedSite } from "./updated-site.ts";

/** Reads what the store has of the running release: assets would only be found damaged when somebody asks for them. */
export async function giveUpDamaged<Ready extends ReadyRelease>(site: UpdatedSite<Ready>): Promise<void> {
  const { tenure, releases, thread, turns } = site;
  const { release } = tenure.running;
  try {
    await releases.open(release.digest, thread);
  } catch (error) {
    if (!(error instanceof EmendError) || error.code !== "store.failed") return;
    await turns.inTurn(async () => {
      if (tenure.running.release === release) await giveUp(site, release.digest, error);
    });
  }
}

async function giveUp<Ready extends ReadyRelease>(
  site: UpdatedSite<Ready>,
  damaged: string,
  error: EmendError,
): Promise<void> {
  const { lane, journal, releases, tenure } = site;
  problem(site, damaged, error);
  releases.follow(await journal.change("dropDamaged", damaged));
  const next = await newestWhole(site);
  lane.discard(tenure.swap(next).before.ready);
  site.settle();
  announceRollback(site, damaged, next.release.digest, { actor: "node", reason: error.message });
}

/** What the journal says is to run, and where that is damaged too, what it says then: the base in the end. */
async function newestWhole<Ready extends ReadyRelease>(site: UpdatedSite<Ready>): Promise<Live<Ready>> {
  const named = (): string => site.journaled.running ?? site.releases.held.base.digest;
  for (;;) {
    const digest = named();
    try {
      return await site.prepare(await site.open(digest));
    } catch (error) {
      // The journal did not drop it: something else is wrong with it.
      if (digest === named()) throw error;
      problem(site, digest, error);
    }
  }
}

function problem<Ready extends ReadyRelease>(
  { notices }: UpdatedSite<Ready>,
  digest: string,
  error: unknown,
): void {
  notices.problem(error, `release ${digest} is damaged in the store and is given up`);
}
