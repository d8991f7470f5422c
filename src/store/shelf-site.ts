/** One site's releases on a shelf. What changes a record is in record-change.ts; here it meets what is on the shelf. */
import { contentDigest, encodeFileList, type ListedFile, sha256Hex } from "../bytes/index.ts";
import { EmendError, invariant, messageOf } from "../errors.ts";
import { decodeFileList } from "./file-list.ts";
import {
  canaryEnded,
  clearedBad,
  committed,
  markedBad,
  rebased,
  switched,
  trimmed,
  withoutReleases,
} from "./record-change.ts";
import type { Shelf } from "./shelf.ts";
import type { KeptRelease, ReleaseEntry, SiteRecord, StoredRecord } from "./site-record.ts";
import type { Base, CommitEntry, PendingPatch, SiteStore } from "./store.ts";

/** A file list lies on the shelf under the digits of its digest, since the digest is the list's own SHA-256. */
const listName = (digest: string): string => digest.replace(/^sha256:/, "");

export class ShelfSite implements SiteStore {
  readonly #shelf: Shelf;
  readonly #tell: (problem: string) => void;
  #stored: StoredRecord;
  #base: { readonly digest: string; readonly names: ReadonlySet<string> } | undefined;
  /** Of `#stored`'s releases, and of no others. */
  #lists: ReadonlyMap<string, readonly ListedFile[]>;

  constructor(shelf: Shelf, stored: StoredRecord, tell: (problem: string) => void) {
    this.#shelf = shelf;
    this.#stored = stored;
    this.#tell = tell;
    this.#lists = this.#readLists(stored.releases);
  }

  record(): SiteRecord {
    const { revision: _revision, keep: _keep, pending: _pending, releases, ...record } = this.#stored;
    return { ...record, releases: releases.flatMap((release) => this.#whole(release) ?? []) };
  }

  begin(base: Base): SiteRecord {
    this.#base = { digest: base.digest, names: new Set(base.files.map(({ sha256 }) => sha256)) };
    const before = this.#stored;
    let next = before;
    // What was never saved is not saved now either: most nodes never see a patch.
    if (before.base === null) this.#stored = next = { ...before, base: base.digest };
    else if (before.base !== base.digest) next = this.#onAnotherBase(base.digest);
    next = this.#withoutLost(next);
    if (next !== this.#stored) this.#saveOrTell(next);
    return this.record();
  }

  commit({ release, manifestDigest, patch, keep, canary }: CommitEntry): SiteRecord {
    invariant(this.#base !== undefined, "begin comes before a commit");
    invariant(this.#stored.canary === null, "a trial is ended before the next commit");
    invariant(release.digest === contentDigest(release.files), "a release is named by its list");
    const name = sha256Hex(patch);
    this.#shelf.put(listName(release.digest), Buffer.from(encodeFileList(release.files)));
    this.#shelf.put(name, patch);
    // The record must not be durable before the names of what it speaks of are.
    this.#shelf.sync();
    const { files, ...entry } = release;
    const pending = { release: release.digest, manifest: manifestDigest, patch: name };
    return this.#save(committed(this.#stored, entry, pending, keep, canary ?? null), {
      [release.digest]: files,
    });
  }

  rollback(to: string, bad: string | null): SiteRecord {
    const kept = this.#stored.releases.some(({ digest }) => digest === to);
    if (!kept && to !== this.#base?.digest) {
      throw new EmendError(
        "release.unknown",
        `site ${this.#stored.site}: expected a kept release or the base, got ${to}`,
      );
    }
    return this.#save(markedBad(switched(this.#stored, kept ? to : null), bad));
  }

  endCanary(verdict: "promoted" | "aborted", bad: string | null = null): SiteRecord {
    if (this.#stored.canary === null)
      throw new EmendError("canary.none", `site ${this.#stored.site}: no release is on trial`);
    return this.#save(markedBad(canaryEnded(this.#stored, verdict), bad));
  }

  clearBad(digest: string): SiteRecord {
    if (!this.#stored.bad.includes(digest)) return this.record();
    return this.#save(clearedBad(this.#stored, digest));
  }

  lowerFloor(to: number): SiteRecord {
    if (to >= this.#stored.floor) return this.record();
    return this.#save({ ...this.#stored, floor: to });
  }

  dropDamaged(digest: string): SiteRecord {
    this.#saveOrTell(withoutReleases(this.#stored, new Set([digest])));
    return this.record();
  }

  holds(sha256: string): boolean {
    return this.#shelf.has(sha256) || this.#base?.names.has(sha256) === true;
  }

  putBlob(sha256: string, bytes: Uint8Array): void {
    this.#shelf.put(sha256, bytes);
  }

  blobPath(sha256: string): string | null {
    return this.#shelf.has(sha256) ? this.#shelf.path(sha256) : null;
  }

  readBlob(sha256: string): Uint8Array<ArrayBuffer> | null {
    return this.#shelf.read(sha256);
  }

  pendingPatches(): PendingPatch[] {
    return this.#needed().flatMap(({ release, manifest, patch }) => {
      const bytes = this.#shelf.read(patch);
      return bytes === null ? [] : [{ release, manifestDigest: manifest, patch: bytes }];
    });
  }

  /**
   * Forgets patches that are not needed any more, and trims what is not to be kept any longer. Nothing goes while a
   * patch is needed that could need it in turn.
   */
  trim(): void {
    if (this.#base === undefined || this.#needed().length > 0) return;
    if (this.#stored.pending.length > 0) {
      // A record that names no patches must not be durable before the names of what they made are.
      this.#shelf.sync();
      // Not saved: the next change does that. Until then the record names patches that are gone, which does no harm.
      this.#stored = { ...this.#stored, pending: [] };
    }
    const next = trimmed(this.#stored);
    if (next !== this.#stored) this.#save(next);
  }

  /** What must stay on the shelf for this site. */
  *names(): Iterable<string> {
    for (const { patch } of this.#stored.pending) yield patch;
    for (const [digest, files] of this.#lists) {
      yield listName(digest);
      for (const { sha256 } of files) yield sha256;
    }
  }

  /** Patches up to the last one whose release is not all here. */
  #needed(): StoredRecord["pending"] {
    const { pending, releases } = this.#stored;
    const isNeeded = (digest: string) =>
      releases.some((each) => each.digest === digest) && !this.#isComplete(digest);
    return pending.slice(0, pending.findLastIndex(({ release }) => isNeeded(release)) + 1);
  }

  #isComplete(digest: string): boolean {
    return this.#lists.get(digest)?.every(({ sha256 }) => this.holds(sha256)) === true;
  }

  /** The old base's content is gone, and with it what patches over it would make. */
  #onAnotherBase(digest: string): StoredRecord {
    const incomplete = this.#stored.releases.filter((release) => !this.#isComplete(release.digest));
    const lost = new Set(incomplete.map((release) => release.digest));
    return { ...withoutReleases(rebased(this.#stored, digest), lost), pending: [] };
  }

  /** Without the releases that can be made neither of what is here nor by patches that are here. */
  #withoutLost(record: StoredRecord): StoredRecord {
    const missing = record.pending.findIndex(
      ({ patch, release }) => !this.#shelf.has(patch) && !this.#isComplete(release),
    );
    const usable = missing === -1 ? record.pending : record.pending.slice(0, missing);
    const isMade = (digest: string) =>
      this.#lists.has(digest) &&
      (this.#isComplete(digest) || usable.some(({ release }) => release === digest));
    const lost = record.releases.flatMap(({ digest }) => (isMade(digest) ? [] : digest));
    if (lost.length === 0) return record;
    for (const digest of lost)
      this.#tell(`site ${record.site}: release ${digest} is not all in the store any more and is given up`);
    return withoutReleases(record, new Set(lost));
  }

  /** For a start, which must not fail because nothing can be written: it holds until the next one. */
  #saveOrTell(next: StoredRecord): void {
    try {
      this.#save(next);
    } catch (error) {
      this.#tell(`site ${next.site}: ${messageOf(error)}`);
      this.#take(next);
    }
  }

  #save(next: StoredRecord, lists: Readonly<Record<string, readonly ListedFile[]>> = {}): SiteRecord {
    // A patch that is gone is no help, and must not make what later patches make look as if it needed it.
    const pending = next.pending.filter(({ patch }) => this.#shelf.has(patch));
    const saved = { ...next, pending, revision: this.#stored.revision + 1 };
    this.#shelf.save(saved);
    this.#take(saved, lists);
    return this.record();
  }

  #take(next: StoredRecord, lists: Readonly<Record<string, readonly ListedFile[]>> = {}): void {
    const known = new Map([...this.#lists, ...Object.entries(lists)]);
    this.#lists = new Map(
      [...known].filter(([digest]) => next.releases.some((each) => each.digest === digest)),
    );
    this.#stored = next;
  }

  #readLists(releases: readonly ReleaseEntry[]): ReadonlyMap<string, readonly ListedFile[]> {
    const lists = new Map<string, readonly ListedFile[]>();
    for (const { digest } of releases) {
      const bytes = this.#shelf.read(listName(digest));
      if (bytes !== null) lists.set(digest, decodeFileList(bytes));
    }
    return lists;
  }

  #whole(release: ReleaseEntry): KeptRelease | undefined {
    const files = this.#lists.get(release.digest);
    return files === undefined ? undefined : { ...release, files };
  }
}
