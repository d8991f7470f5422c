/** A patch that was let in becomes a release: made, compiled, probed, durable, and only then the one that answers. */
import type { ApplyOptions, UpdateResult, UpdateTimes } from "../admin/index.ts";
import { EmendError } from "../errors.ts";
import type { Release } from "../release/index.ts";
import { canaryRecord } from "./canaries.ts";
import type { PatchHead } from "./incoming-patch.ts";
import type { Mirror } from "./mirror.ts";
import type { ReceivedPatch } from "./receive-patch.ts";
import { takeBlob } from "./shared-blob.ts";
import type { ReadyRelease } from "./site-lane.ts";
import { baseOf, listOf } from "./site-releases.ts";
import type { Live } from "./tenure.ts";
import { timed, updateResult } from "./update-result.ts";
import type { UpdatedSite } from "./updated-site.ts";

/** A release out of a patch, and what of it is new, by SHA-256. */
interface Made {
  readonly release: Release;
  readonly contents: ReadonlyMap<string, Blob>;
  readonly verifyMs: number;
  readonly applyMs: number;
}

/**
 * To be called in the site's turn, with a patch that came whole and was admitted.
 *
 * @throws EmendError `patch.*`, `delta.*`, `module.*`, `site.*`, `probe.failed`, `store.*`, `update.failed`: then all is
 *   as it was.
 */
export async function takePatch<Ready extends ReadyRelease>(
  site: UpdatedSite<Ready>,
  patch: ReceivedPatch,
  head: PatchHead,
  options: ApplyOptions,
): Promise<UpdateResult> {
  const { lane, releases } = site;
  const { release, contents, verifyMs, applyMs } = await make(site, patch, head);
  const from = site.running;
  const [next, compileMs] = await timed(() => site.prepare(release));
  const { probeMs, storeMs, mirror } = await site.orDiscard(next, async () => {
    const [, probeMs] = await timed(() => lane.probe(next.ready));
    publishStaged(site, head, options);
    if (options.dryRun) return { probeMs, storeMs: 0, mirror: undefined };
    const [mirror, storeMs] = await timed(() => commit(site, patch, head, release, options));
    return { probeMs, storeMs, mirror };
  });
  if (mirror === undefined) lane.discard(next.ready);
  else {
    releases.held.add(contents);
    releases.follow(mirror, release);
  }
  const swapMs = mirror === undefined ? 0 : enter(site, next, mirror, head, options);
  const ms: UpdateTimes = {
    verify: patch.verifyMs + verifyMs,
    apply: applyMs,
    compile: compileMs,
    probe: probeMs,
    store: storeMs,
    swap: swapMs,
    total: performance.now() - patch.headMs,
  };
  const status = mirror === undefined ? "checked" : mirror.canary === null ? "applied" : "canary";
  return updateResult(site, { status, from, release, sequence: head.sequence, patchBytes: patch.bytes, ms });
}

async function make<Ready extends ReadyRelease>(
  { releases }: UpdatedSite<Ready>,
  patch: ReceivedPatch,
  head: PatchHead,
): Promise<Made> {
  const sources = new Map(head.sources.map((sha256) => [sha256, releases.held.ticket(sha256)]));
  const { made, files, config, verifyMs, applyMs } = await patch.make(sources);
  const contents = new Map(made.map(({ sha256, ticket }) => [sha256, takeBlob(ticket)]));
  return { release: releases.assemble(head.to, files, config, contents), contents, verifyMs, applyMs };
}

function publishStaged<Ready extends ReadyRelease>(
  site: UpdatedSite<Ready>,
  { to, sequence }: PatchHead,
  { actor }: ApplyOptions,
): void {
  site.notices.publish({ event: "staged", site: site.name, from: site.running, to, sequence, actor });
}

/** Makes a release durable. When the thread dies over it, a new one is asked whether it came to pass. */
async function commit<Ready extends ReadyRelease>(
  { journal, clock, rules, releases }: UpdatedSite<Ready>,
  patch: ReceivedPatch,
  head: PatchHead,
  release: Release,
  options: ApplyOptions,
): Promise<Mirror> {
  const { digest, sequence, label, createdMs } = { ...head, digest: head.to };
  const committedMs = clock.nowMs();
  const asked = options.canaryPercent;
  try {
    const mirror = await journal.commit(patch.id, {
      release: { digest, sequence, label, createdMs, committedMs, files: listOf(release) },
      manifestDigest: head.digest,
      keep: rules.keepReleases,
      ...(asked === null ? {} : { canary: canaryRecord(digest, asked, rules.canary, committedMs) }),
    });
    return options.insist && mirror.bad.includes(digest) ? await journal.change("clearBad", digest) : mirror;
  } catch (error) {
    if (!(error instanceof EmendError) || error.code !== "update.failed") throw error;
    const mirror = await journal.begin(baseOf(releases.held.base));
    if (mirror.committed.includes(head.digest)) return mirror;
    throw error;
  }
}

/** A release that is durable answers from now on: all requests, or a canary's part. Returns the time of the swap. */
function enter<Ready extends ReadyRelease>(
  site: UpdatedSite<Ready>,
  next: Live<Ready>,
  { canary }: Mirror,
  { to, sequence }: PatchHead,
  { actor }: ApplyOptions,
): number {
  const { tenure, notices, name } = site;
  const from = site.running;
  if (canary !== null) {
    const { percent } = canary;
    tenure.startCanary(next, canary, sequence);
    site.settle();
    notices.publish({ event: "canary-started", site: name, from, to, sequence, percent, actor });
    return 0;
  }
  const { before, ms } = tenure.swap(next);
  tenure.startWatch(before);
  site.settle();
  notices.publish({ event: "committed", site: name, ...site.step(from, to), actor });
  return ms;
}
