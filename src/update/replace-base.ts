/** A release that came from this machine and not as a patch: what the site begins from, from now on. */
import type { Release } from "../release/index.ts";
import type { ReadyRelease } from "./site-lane.ts";
import { baseOf } from "./site-releases.ts";
import type { UpdatedSite } from "./updated-site.ts";

/** How it is told that a release came from this machine. */
export type LocalEvent =
  | { readonly event: "committed"; readonly actor: string }
  | { readonly event: "reloaded"; readonly checksum: string; readonly actor: string };

/**
 * To be called in the site's turn.
 *
 * @throws EmendError `module.*`, `site.*`, `probe.failed`, `busy` during a canary, `store.*`.
 */
export async function replaceBase<Ready extends ReadyRelease>(
  site: UpdatedSite<Ready>,
  release: Release,
  event: LocalEvent,
): Promise<void> {
  site.refuseDuringCanary();
  const { journal, lane, releases, tenure } = site;
  const next = await site.prepare(release);
  const hasBegun = site.journaled.base !== null;
  const mirror = await site.orDiscard(next, async () => {
    await lane.probe(next.ready);
    return hasBegun ? await journal.begin(baseOf(release)) : site.journaled;
  });
  releases.replaceBase(release);
  releases.follow(mirror);
  if (!hasBegun) site.countLocal();
  const { before } = tenure.swap(next);
  lane.discard(before.ready);
  site.settle();
  publish(site, before.release.digest, release.digest, event);
}

function publish<Ready extends ReadyRelease>(
  site: UpdatedSite<Ready>,
  from: string,
  to: string,
  event: LocalEvent,
): void {
  const step = site.step(from, to);
  if (event.event === "committed") site.notices.publish({ site: site.name, ...event, ...step });
  else site.notices.publish({ site: site.name, ...event, generation: step.generation });
}
