/**
 * Canaries of a site: releases that are durable, answer a part of the requests, and are promoted or aborted, by the
 * node's verdict or by the operator. A restart does not end one. How it begins is a patch's matter (`takePatch`).
 */
import type { CanaryStatus } from "../admin/index.ts";
import { encodeHex, randomBytes } from "../bytes/index.ts";
import type { CanaryConfig } from "../config/index.ts";
import type { CanaryRecord } from "../store/index.ts";
import type { ReadyRelease } from "./site-lane.ts";
import type { Canary } from "./tenure.ts";
import type { FinalVerdict } from "./trial.ts";
import type { Cause, UpdatedSite } from "./updated-site.ts";

export class Canaries<Ready extends ReadyRelease> {
  readonly #site: UpdatedSite<Ready>;
  #last: CanaryStatus | null = null;

  constructor(site: UpdatedSite<Ready>) {
    this.#site = site;
  }

  /** Of the one that is on trial, or else of the last one that was. */
  status(): CanaryStatus | null {
    const { tenure } = this.#site;
    return tenure.canary === undefined ? this.#last : tenure.canaryStatus(tenure.canary, "running", null);
  }

  /** To be called in the site's turn. Throws `store.*`: then the trial goes on, unless the node itself aborts it. */
  async end(canary: Canary<Ready>, verdict: "promote" | "abort", cause: Cause): Promise<CanaryStatus> {
    const site = this.#site;
    const { lane, tenure } = site;
    const { digest } = canary.record;
    const isPromoted = verdict === "promote";
    await this.#record(digest, isPromoted, cause);
    const status = tenure.canaryStatus(canary, isPromoted ? "promoted" : "aborted", cause.reason);
    this.#last = status;
    tenure.endCanary(canary);
    if (isPromoted) tenure.startWatch(tenure.swap(canary.live).before);
    else lane.discard(canary.live.ready);
    site.settle();
    this.#publishEnded(isPromoted ? "canary-promoted" : "canary-aborted", digest, cause, status.before);
    return status;
  }

  /** The node's own verdict on a canary. */
  async decide(canary: Canary<Ready>, verdict: FinalVerdict): Promise<void> {
    const { tenure, turns, notices } = this.#site;
    const [action, reason] =
      verdict.kind === "good" ? (["promote", "it did well"] as const) : (["abort", verdict.reason] as const);
    try {
      await turns.inTurn(async () => {
        if (tenure.canary !== canary) return;
        await notices.audited(`canary.${action}`, "node", async (about) => {
          about.release = canary.record.digest;
          about.detail = reason;
          await this.end(canary, action, { actor: "node", reason });
        });
      });
    } catch (error) {
      notices.problem(error, `the canary of ${canary.record.digest} ended with ${action}, which failed`);
    }
  }

  /** Takes up a canary that a restart interrupted, or ends it when that cannot be. To be called in the site's turn. */
  async resume(canary: CanaryRecord): Promise<void> {
    const site = this.#site;
    const { lane, tenure, releases, journal, notices } = site;
    try {
      const next = await site.prepare(await site.open(canary.digest));
      await site.orDiscard(next, () => lane.probe(next.ready));
      tenure.startCanary(next, canary, releases.sequenceOf(canary.digest));
    } catch (error) {
      notices.problem(error, `the canary of ${canary.digest} does not go on after the restart`);
      if (site.journaled.canary !== null) {
        releases.follow(await journal.change("endCanary", "aborted", null));
      }
      const reason = "it could not be taken up again after a restart";
      this.#publishEnded("canary-aborted", canary.digest, { actor: "node", reason }, site.running);
    }
  }

  async #record(digest: string, isPromoted: boolean, { actor }: Cause): Promise<void> {
    const { journal, releases, notices } = this.#site;
    const state = isPromoted ? "promoted" : "aborted";
    try {
      releases.follow(await journal.change("endCanary", state, isPromoted ? null : digest));
    } catch (error) {
      // What fails must go whatever the disk says; nothing is promoted that the next start would not know.
      if (isPromoted || actor !== "node") throw error;
      notices.problem(error, `the end of the canary of ${digest} is not durable`);
    }
  }

  /** `stable` is what ran beside the canary. */
  #publishEnded(
    event: "canary-promoted" | "canary-aborted",
    release: string,
    { actor, reason }: Cause,
    stable: string,
  ): void {
    const site = this.#site;
    const { name, notices, running, generation } = site;
    notices.publish({ event, site: name, from: stable, to: release, reason, actor, generation });
    if (running !== stable) site.step(stable, running);
    const did = event === "canary-promoted" ? "promoted" : "aborted";
    const text = `emend: the canary ${release} of site ${name} was ${did}: ${reason}`;
    void notices.tell({ text, event, release, running, reason });
  }
}

/** A canary of this release; `asked` is its share in percent, or `default` for the operator's. */
export function canaryRecord(
  digest: string,
  asked: number | "default",
  rule: CanaryConfig,
  startedMs: number,
): CanaryRecord {
  return {
    digest,
    percent: asked === "default" ? rule.percent : asked,
    startedMs,
    key: encodeHex(randomBytes(16)),
    cookie: rule.cookie,
  };
}
