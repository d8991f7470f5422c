/**
 * The releases of a node's sites: which runs, which are kept, how far each site has come, and their content.
 *
 * Everything is synchronous and waits for the disk, so a running node calls it in its update thread, and at start
 * before anything answers. Two implementations, one contract (test/contracts/store.ts): a directory and memory.
 */
import type { ListedFile } from "../bytes/index.ts";
import type { CanaryRecord, KeptRelease, SiteRecord } from "./site-record.ts";

/** Who asked for what, when, and what came of it. */
export interface AuditEntry {
  readonly atMs: number;
  /** `operator`, the name of a token, or `node`. */
  readonly actor: string;
  /** Null for what concerns the whole node. */
  readonly site: string | null;
  readonly action: string;
  /** `ok`, or the code of the refusal. */
  readonly verdict: string;
  /** Content digest of what it was about. */
  readonly release: string | null;
  readonly detail: string | null;
}

/** What a node has without the store: the site inside its executable, or its directory. */
export interface Base {
  readonly digest: string;
  readonly files: readonly ListedFile[];
}

/** A release to be taken. */
export interface CommitEntry {
  readonly release: KeptRelease;
  /** SHA-256 of the manifest, by which the patch is known again. */
  readonly manifestDigest: string;
  /** The whole file. It is enough to make the release again until all of its blobs are there. */
  readonly patch: Uint8Array;
  /** How many releases to keep, this one included. */
  readonly keep: number;
  /** Take it on trial: what runs stays. */
  readonly canary?: CanaryRecord;
}

/** A patch that has to be applied again after a start, in the order of the commits. */
export interface PendingPatch {
  readonly release: string;
  readonly manifestDigest: string;
  readonly patch: Uint8Array;
}

/**
 * One site's releases. Whatever changes something is durable when it returns, and has changed nothing when it throws
 * `store.full` or `store.failed`. The order of a start is `begin`, then `pendingPatches`.
 */
export interface SiteStore {
  /** As it is now; a new object after each change. */
  record(): SiteRecord;
  /**
   * Says what the base is, which every other method needs to know. Another base than before has been put there by the
   * operator and wins: it runs, and of the kept releases those stay whose content does not need the old one. The floor
   * stays. When what ran cannot be made again, the newest release that can be runs, or else the base. It never fails for
   * the disk: what could not be written is told as a problem and holds until the next start.
   */
  begin(base: Base): SiteRecord;
  commit(entry: CommitEntry): SiteRecord;
  /** Runs a kept release, or the base, again; `bad` is remembered as bad. Throws `release.unknown`. */
  rollback(to: string, bad: string | null): SiteRecord;
  /** Ends the trial; a release that was aborted may be remembered as bad. Throws `canary.none`. */
  endCanary(verdict: "promoted" | "aborted", bad?: string | null): SiteRecord;
  /** An operator insists on a release that was rolled back from. */
  clearBad(digest: string): SiteRecord;
  /** Lets older sequences in again. A floor that is lower already stays. */
  lowerFloor(to: number): SiteRecord;
  /** Gives up a release whose content turned out to be damaged; what runs in its place is chosen as by `begin`, and it fails as little. */
  dropDamaged(digest: string): SiteRecord;

  /** Is this content in the store or in the base? By name alone: whoever uses it verifies it. */
  holds(sha256: string): boolean;
  /**
   * Keeps a file of a release, after its commit. Once all of a site's releases are whole, `collectGarbage` lets their
   * patches go.
   */
  putBlob(sha256: string, bytes: Uint8Array): void;
  /** The file that holds it, for readers that verify; null when the store has none. */
  blobPath(sha256: string): string | null;
  /** Its bytes, verified; null when the store has none. Damaged content is removed, said, and null from then on. */
  readBlob(sha256: string): Uint8Array<ArrayBuffer> | null;
  /** Patches to apply in this order over base and blobs, because what they make is not all there. Verified. */
  pendingPatches(): PendingPatch[];
}

/** All sites of a node. */
export interface Store extends Disposable {
  /** Those that something is known of. */
  sites(): readonly string[];
  site(name: string): SiteStore;
  audit(entry: AuditEntry): void;
  /** Newest first; of one site, or with null all of them. */
  audits(selection: { readonly site: string | null; readonly limit: number }): readonly AuditEntry[];
  /**
   * Removes what no kept release needs, and the patches of releases that are whole. Trims to `keep`. Of sites that have
   * not begun nothing goes. Returns how many files went.
   */
  collectGarbage(): number;
  /** What was found damaged or could not be written since the last call: sentences for the log. */
  takeProblems(): readonly string[];
}
