/**
 * The way of a patch into a site: it is received while it stands in nobody's way, judged by its head, and taken when
 * its turn has come. What happened meanwhile is looked at then.
 */
import type { ApplyOptions, UpdateResult, Upload } from "../admin/index.ts";
import { EmendError } from "../errors.ts";
import type { PatchHead, PolicyFacts } from "./incoming-patch.ts";
import type { About } from "./notices.ts";
import { ReceivedPatch } from "./receive-patch.ts";
import type { ReadyRelease } from "./site-lane.ts";
import { takePatch } from "./take-patch.ts";
import type { UpdatedSite } from "./updated-site.ts";

export class PatchIntake<Ready extends ReadyRelease> {
  readonly #site: UpdatedSite<Ready>;
  #isReceiving = false;

  constructor(site: UpdatedSite<Ready>) {
    this.#site = site;
  }

  get isReceiving(): boolean {
    return this.#isReceiving;
  }

  /**
   * Takes a patch in and does what it says. `about` learns which release it is about, as soon as that is known.
   *
   * @throws EmendError `busy`, `patch.*`, `key.format`, `release.bad`, and what `takePatch` throws.
   */
  async accept(upload: Upload, options: ApplyOptions, about: About): Promise<UpdateResult> {
    try {
      if (this.#isReceiving) throw new EmendError("busy", "another patch of this site is on its way");
      this.#isReceiving = true;
      return await this.#receive(upload, options, about).finally(() => {
        this.#isReceiving = false;
      });
    } finally {
      // Whoever still sends is not waited for.
      upload.body.cancel().catch(() => {});
    }
  }

  async #receive(upload: Upload, options: ApplyOptions, about: About): Promise<UpdateResult> {
    const site = this.#site;
    site.refuseDuringCanary();
    using patch = new ReceivedPatch(site.thread);
    let judgedAt: number | undefined;
    const judge = async (head: PatchHead): Promise<void> => {
      about.release = head.to;
      judgedAt = site.releases.version;
      await patch.admit(await factsFor(site, head));
      site.refuseBad(head.to, options.insist);
    };
    const head = await patch.receive(upload, site.rules.keys, judge);
    return await site.turns.inTurn(async () => {
      site.refuseDuringCanary();
      // Nothing that the patch builds on must be let go of from here on, and what was decided by its head may be wrong.
      await site.kept;
      if (judgedAt !== site.releases.version) await judge(head);
      return await takePatch(site, patch, head, options);
    });
  }
}

async function factsFor<Ready extends ReadyRelease>(
  site: UpdatedSite<Ready>,
  { needs }: PatchHead,
): Promise<PolicyFacts> {
  await site.begin();
  const { newestCreatedMs, floor, committed } = site.journaled;
  return {
    site: site.name,
    nodeId: site.nodeId,
    nowMs: site.clock.nowMs(),
    newestCreatedMs,
    floor,
    committed,
    running: site.running,
    missing: await site.releases.missing(needs),
  };
}
