/**
 * What a node serves when it starts where it was updated before (release-and-patch, "What a node serves at start"):
 * the journal's release, made again out of the base, the contents in the store and the patches whose contents did not
 * get there. Never nothing: what cannot be made is given up for the newest release that can, and that is said.
 *
 * It runs before anything answers, so it waits for the disk and for inflation.
 */
import { EmendError, messageOf } from "../errors.ts";
import { type Release, siteConfigName } from "../release/index.ts";
import type { PendingPatch, SiteRecord, SiteStore } from "../store/index.ts";
import { openEnvelope, payloadsOf, recallEnvelope } from "../trust/index.ts";
import { HeldFiles } from "./held-files.ts";
import type { SourceTicket } from "./incoming-patch.ts";
import type { Journal } from "./journal.ts";
import { makeFiles, readConfig } from "./make-files.ts";
import { mirrorOf } from "./mirror.ts";
import { takeBlob } from "./shared-blob.ts";
import { baseOf, SiteReleases } from "./site-releases.ts";

export interface StartOptions {
  readonly store: SiteStore;
  /** How the site's journal is kept from now on. */
  readonly journal: Journal;
  readonly base: Release;
  readonly report: (problem: string) => void;
}

/** The releases of a site as its journal has them. */
export class JournaledStart {
  readonly #options: StartOptions;
  readonly #held: HeldFiles;
  #record: SiteRecord;

  private constructor(options: StartOptions, record: SiteRecord, held: HeldFiles) {
    this.#options = options;
    this.#record = record;
    this.#held = held;
  }

  static async open(options: StartOptions): Promise<JournaledStart> {
    const { store, base, journal, report } = options;
    const known = store.record();
    const record = store.begin(baseOf(base));
    if (known.base !== null && known.base !== base.digest) {
      report(
        `the node is started with another site than before, ${base.digest}: it takes the place of what patches made of ` +
          `${known.base}; patches still need a sequence above ${record.floor}`,
      );
    }
    const start = new JournaledStart(options, record, new HeldFiles(journal, base));
    for (const patch of store.pendingPatches()) await start.#replay(patch);
    return start;
  }

  /** The release that is to run. Resolves to the base when there is no other. */
  async running(): Promise<Release> {
    const { base } = this.#options;
    for (;;) {
      const { running } = this.#record;
      if (running === null || running === base.digest) return base;
      try {
        return await this.#assemble(running);
      } catch (error) {
        this.giveUp(running, error);
      }
    }
  }

  /** It cannot be served: what answered before it takes its place. */
  giveUp(digest: string, error: unknown): void {
    const { store, report } = this.#options;
    report(`release ${digest} cannot be served and is given up: ${messageOf(error)}`);
    const files = this.#record.releases.find((release) => release.digest === digest)?.files ?? [];
    // Reading a content removes it when it is damaged, so that no other release relies on it.
    for (const { sha256 } of files) if (store.readBlob(sha256) === null) this.#held.forgetStored(sha256);
    this.#record = store.dropDamaged(digest);
  }

  /** What updates go on with. */
  releases(): SiteReleases {
    const lists = this.#record.releases.map(({ digest, files }) => [digest, files] as const);
    return new SiteReleases(this.#held, mirrorOf(this.#record), new Map(lists));
  }

  /** Makes the contents of a patch that was committed, when they did not get into the store. */
  async #replay({ release, manifestDigest, patch }: PendingPatch): Promise<void> {
    try {
      const verified = recallEnvelope(openEnvelope(patch), manifestDigest);
      const { files } = verified.manifest;
      const sources = new Map<string, SourceTicket>();
      for (const file of files) {
        const source =
          file.op === "delta" ? file.source : file.path === siteConfigName ? file.sha256 : undefined;
        if (source === undefined || !this.#locate(source)) continue;
        sources.set(source, this.#held.ticket(source));
      }
      const { made } = await makeFiles(files, payloadsOf(verified, patch), sources);
      this.#held.add(new Map(made.map(({ sha256, ticket }) => [sha256, takeBlob(ticket)])));
    } catch (error) {
      if (!(error instanceof EmendError)) throw error;
      this.giveUp(release, error);
    }
  }

  async #assemble(digest: string): Promise<Release> {
    const files = this.#record.releases.find((release) => release.digest === digest)?.files ?? [];
    const missing = files.filter(({ sha256 }) => !this.#locate(sha256));
    if (missing.length > 0) {
      throw new EmendError(
        "store.failed",
        `${missing.length} of its files are lost, such as ${missing[0]?.path}`,
      );
    }
    const held = new Map(files.map((file) => [file.path, this.#held.file(file)]));
    const config = await readConfig(files, async () => {
      const file = held.get(siteConfigName);
      await file?.verify?.();
      return file?.blob.bytes();
    });
    return { digest, config, files: held };
  }

  /** Whether the node has a content, also in the store. */
  #locate(sha256: string): boolean {
    if (this.#held.blob(sha256) !== undefined) return true;
    const path = this.#options.store.blobPath(sha256);
    if (path === null) return false;
    this.#held.addStored(sha256, path);
    return true;
  }
}
