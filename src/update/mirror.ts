/**
 * What the serving thread knows of a site's journal: the record without the lists of files, which it has from when it
 * made the releases. Cloning thousands of entries with each message would be a pause.
 */
import type { KeptRelease, SiteRecord } from "../store/index.ts";

export type KeptSummary = Omit<KeptRelease, "files">;

export type Mirror = Omit<SiteRecord, "releases"> & {
  /** Newest first. */
  readonly releases: readonly KeptSummary[];
};

export function mirrorOf({ releases, ...record }: SiteRecord): Mirror {
  return { ...record, releases: releases.map(({ files: _, ...summary }) => summary) };
}

/** What a journal says of a site that it knows nothing of. */
export function blankMirror(site: string): Mirror {
  return {
    site,
    base: null,
    running: null,
    sequence: 0,
    generation: 0,
    floor: 0,
    newestCreatedMs: 0,
    releases: [],
    bad: [],
    canary: null,
    committed: [],
  };
}
