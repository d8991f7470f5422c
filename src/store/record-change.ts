/** Every way in which the record of a site changes: the record before in, the record after out. */
import { storeBadMax, storeCommittedMax } from "../limits.ts";
import type { CanaryRecord, PendingEntry, ReleaseEntry, StoredRecord } from "./site-record.ts";

/** A release was taken: it runs, or is on trial beside what runs. */
export function committed(
  record: StoredRecord,
  release: ReleaseEntry,
  pending: PendingEntry,
  keep: number,
  canary: CanaryRecord | null,
): StoredRecord {
  return {
    ...record,
    ...(canary === null ? { running: release.digest, sequence: release.sequence } : {}),
    generation: record.generation + 1,
    floor: Math.max(record.floor, release.sequence),
    newestCreatedMs: Math.max(record.newestCreatedMs, release.createdMs),
    keep,
    releases: [release, ...record.releases.filter(({ digest }) => digest !== release.digest)],
    canary,
    committed: [pending.manifest, ...record.committed].slice(0, storeCommittedMax),
    pending: [...record.pending, pending],
  };
}

/** Another of its releases runs, `null` being the base. The floor stays: going back is not undoing. */
export function switched(record: StoredRecord, to: string | null): StoredRecord {
  const release = record.releases.find(({ digest }) => digest === to);
  return {
    ...record,
    running: release?.digest ?? null,
    sequence: release?.sequence ?? 0,
    generation: record.generation + 1,
  };
}

/** The trial is over. */
export function canaryEnded(record: StoredRecord, verdict: "promoted" | "aborted"): StoredRecord {
  const { canary, generation } = record;
  const ended = { ...record, canary: null };
  if (canary !== null && verdict === "promoted") return switched(ended, canary.digest);
  return { ...ended, generation: generation + 1 };
}

/** A release is remembered as bad; `null` is none. */
export function markedBad(record: StoredRecord, digest: string | null): StoredRecord {
  if (digest === null) return record;
  return {
    ...clearedBad(record, digest),
    bad: [digest, ...clearedBad(record, digest).bad].slice(0, storeBadMax),
  };
}

/** It is not held against a release any more that it was rolled back from. */
export function clearedBad(record: StoredRecord, digest: string): StoredRecord {
  return { ...record, bad: record.bad.filter((each) => each !== digest) };
}

/** Another base was put in place: it runs. Which releases are left is for `withoutReleases`. */
export function rebased(record: StoredRecord, base: string): StoredRecord {
  return { ...switched(record, null), base, canary: null };
}

/**
 * Releases that are lost are left out. If one of them was running, the newest other one takes its place, a bad one or
 * one on trial last: it answered before.
 */
export function withoutReleases(record: StoredRecord, lost: ReadonlySet<string>): StoredRecord {
  const left = record.releases.filter(({ digest }) => !lost.has(digest));
  const kept = {
    ...record,
    releases: left,
    canary: record.canary !== null && lost.has(record.canary.digest) ? null : record.canary,
  };
  if (record.running === null || !lost.has(record.running)) return kept;
  const good = left.find(({ digest }) => !record.bad.includes(digest) && digest !== record.canary?.digest);
  return switched(kept, good?.digest ?? null);
}

/**
 * Trimmed to what is to be kept: the newest `keep`, and beside them what runs, what is on trial and the two newest that
 * are not bad, so that there is always one to go back to.
 */
export function trimmed(record: StoredRecord): StoredRecord {
  const good = record.releases.filter(({ digest }) => !record.bad.includes(digest)).slice(0, 2);
  const kept = record.releases.filter(
    (release, i) =>
      i < record.keep ||
      good.includes(release) ||
      release.digest === record.running ||
      release.digest === record.canary?.digest,
  );
  return kept.length === record.releases.length ? record : { ...record, releases: kept };
}
