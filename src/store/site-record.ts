/**
 * What a node remembers of one site's releases. Plain data: it is written down as JSON and travels between threads.
 * Every release is named by its content digest, `sha256:` and 64 hexadecimal digits.
 */
import type { ListedFile } from "../bytes/index.ts";

/** What is remembered of a release beside its content. */
export interface ReleaseEntry {
  readonly digest: string;
  /** The publisher's number, */
  readonly sequence: number;
  readonly label: string | null;
  /** and when the publisher made it. */
  readonly createdMs: number;
  /** When this node took it. */
  readonly committedMs: number;
}

/** A release that can be run again. */
export interface KeptRelease extends ReleaseEntry {
  readonly files: readonly ListedFile[];
}

/** A release on trial. What is needed to send each client to the same side again after a restart is part of it. */
export interface CanaryRecord {
  readonly digest: string;
  /** Share of the clients, 0 to 100. */
  readonly percent: number;
  readonly startedMs: number;
  /** Key of the hash that chooses a client's side, hexadecimal. */
  readonly key: string;
  readonly cookie: boolean;
}

/** How a site stands. */
export interface SiteRecord {
  readonly site: string;
  /** Content digest of the base that all this began from; null before the first `begin`. */
  readonly base: string | null;
  /** What answers: a digest of `releases`, or null for the base. */
  readonly running: string | null;
  /** Of what runs; 0 for the base. */
  readonly sequence: number;
  /** Raised by every commit, rollback and verdict of a canary, and by each release that was lost. */
  readonly generation: number;
  /** The highest sequence ever committed: a patch needs a higher one. */
  readonly floor: number;
  /** The latest `createdMs` ever committed: a clock that shows less is wrong. */
  readonly newestCreatedMs: number;
  /** Newest first: what runs, what is kept, a canary's. */
  readonly releases: readonly KeptRelease[];
  /** Releases that were rolled back from, newest first. */
  readonly bad: readonly string[];
  readonly canary: CanaryRecord | null;
  /** Digests of committed manifests, newest first, as many as are remembered. All others are below the floor. */
  readonly committed: readonly string[];
}

/** A patch that a restart has to apply again, since what it makes is not all in the store. */
export interface PendingEntry {
  /** What it makes. */
  readonly release: string;
  /** Digest of its manifest. */
  readonly manifest: string;
  /** SHA-256 of the whole patch, its name in the store. */
  readonly patch: string;
}

/** The record as it is kept. File lists are in the store under their digests. */
export interface StoredRecord extends Omit<SiteRecord, "releases"> {
  /** Raised by every change, so that of two copies the newer one is known. */
  readonly revision: number;
  /** How many releases are to be kept. */
  readonly keep: number;
  readonly releases: readonly ReleaseEntry[];
  /** In the order of their commits: each may need what the ones before it make. */
  readonly pending: readonly PendingEntry[];
}

/** The record of a site that nobody has ever updated. */
export function emptyRecord(site: string): StoredRecord {
  return {
    site,
    revision: 0,
    base: null,
    running: null,
    sequence: 0,
    generation: 0,
    floor: 0,
    newestCreatedMs: 0,
    keep: 1,
    releases: [],
    bad: [],
    canary: null,
    committed: [],
    pending: [],
  };
}
