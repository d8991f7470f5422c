/**
 * The releases that a node holds of one site. The journal says which there are; here is what is in them, and the way
 * from a list of files to a release that can be served.
 */
import type { ReleaseSummary } from "../admin/index.ts";
import type { SiteConfig } from "../config/index.ts";
import { EmendError } from "../errors.ts";
import type { ListedFile, Release } from "../release/index.ts";
import type { Base } from "../store/index.ts";
import type { HeldFiles } from "./held-files.ts";
import type { KeptSummary, Mirror } from "./mirror.ts";
import { dropTickets } from "./shared-blob.ts";
import type { UpdateThread } from "./update-thread.ts";

export class SiteReleases {
  readonly held: HeldFiles;
  #journaled: Mirror;
  /** Files of journaled releases by digest. */
  readonly #lists: Map<string, readonly ListedFile[]>;
  /** Of all releases that are held, until one comes or goes. */
  #contents: ReadonlySet<string> | undefined;
  #version = 0;

  constructor(held: HeldFiles, journaled: Mirror, lists: ReadonlyMap<string, readonly ListedFile[]>) {
    this.held = held;
    this.#journaled = journaled;
    this.#lists = new Map(lists);
  }

  /** What the journal says. */
  get journaled(): Mirror {
    return this.#journaled;
  }

  /** Another number once anything was committed, rolled back or let go of. */
  get version(): number {
    return this.#version;
  }

  /** The site begins from another release. */
  replaceBase(base: Release): void {
    this.held.replaceBase(base);
    this.#changed();
  }

  /** Takes over what the journal says now; `release` is one that is new in it. */
  follow(mirror: Mirror, release?: Pick<Release, "digest" | "files">): void {
    this.#journaled = mirror;
    if (release !== undefined) this.#lists.set(release.digest, listOf(release));
    const kept = new Set(mirror.releases.map(({ digest }) => digest));
    for (const digest of this.#lists.keys()) if (!kept.has(digest)) this.#lists.delete(digest);
    this.#changed();
  }

  /** Lets go of contents: `live` are the releases that answer or stand by. */
  prune(live: readonly Release[]): void {
    const used = new Set<string>();
    for (const { files } of live) for (const { sha256 } of files.values()) used.add(sha256);
    this.held.prune(this.contents, used);
  }

  /** The contents of all releases that the node holds, by SHA-256. What else is in the store may go at any time. */
  get contents(): ReadonlySet<string> {
    if (this.#contents !== undefined) return this.#contents;
    const contents = new Set<string>();
    for (const { sha256 } of this.held.base.files.values()) contents.add(sha256);
    for (const files of this.#lists.values()) for (const { sha256 } of files) contents.add(sha256);
    this.#contents = contents;
    return contents;
  }

  /** Which of these contents no release that the node holds has. What it has is located. */
  async missing(digests: readonly string[]): Promise<string[]> {
    const unheld = digests.filter((sha256) => !this.contents.has(sha256));
    const lost = await this.held.locate(digests.filter((sha256) => this.contents.has(sha256)));
    return [...unheld, ...lost];
  }

  #changed(): void {
    this.#contents = undefined;
    this.#version++;
  }

  /** The files of what the node was started with, or of a journaled release. Throws `release.unknown`. */
  list(digest: string): readonly ListedFile[] {
    const { base } = this.held;
    const list = digest === base.digest ? listOf(base) : this.#lists.get(digest);
    if (list !== undefined) return list;
    throw new EmendError("release.unknown", `the node holds no release ${digest} of this site`);
  }

  /** The publisher's number of a release; 0 for what the site began with. */
  sequenceOf(digest: string): number {
    return this.#journaled.releases.find((each) => each.digest === digest)?.sequence ?? 0;
  }

  /** All of them, newest first, what the site began with last. */
  summaries(running: string, canary: string | undefined): ReleaseSummary[] {
    const { base } = this.held;
    const { releases, bad } = this.#journaled;
    const summarize = (digest: string, kept: KeptSummary | undefined): ReleaseSummary => {
      const files = this.list(digest);
      return {
        release: digest,
        state: digest === running ? "running" : digest === canary ? "canary" : "kept",
        sequence: kept?.sequence ?? 0,
        label: kept?.label ?? null,
        createdAt: kept === undefined ? null : new Date(kept.createdMs).toISOString(),
        committedAt: kept === undefined ? null : new Date(kept.committedMs).toISOString(),
        files: files.length,
        bytes: files.reduce((sum, { size }) => sum + size, 0),
        bad: bad.includes(digest),
      };
    };
    const kept = releases.map((release) => summarize(release.digest, release));
    return kept.some(({ release }) => release === base.digest)
      ? kept
      : [...kept, summarize(base.digest, undefined)];
  }

  /** The release that was committed before another one and is not bad: what the site began with, in the end. */
  before(digest: string): string | undefined {
    if (digest === this.held.base.digest) return undefined;
    const { releases, bad } = this.#journaled;
    const older = releases.slice(releases.findIndex((each) => each.digest === digest) + 1);
    return older.find((each) => !bad.includes(each.digest))?.digest ?? this.held.base.digest;
  }

  /** A release out of contents at hand and of those that a patch has just made. */
  assemble(
    digest: string,
    files: readonly ListedFile[],
    config: SiteConfig,
    made?: ReadonlyMap<string, Blob>,
  ): Release {
    const entries = files.map((file) => [file.path, this.held.file(file, made)] as const);
    // Its modules are compiled before it is committed, or were when they came.
    return { digest, config, modulesChecked: true, files: new Map(entries) };
  }

  /**
   * A release that is kept, its contents hashed again unless they are in memory.
   *
   * @throws EmendError `release.unknown`; `release.changed` when the site's directory is not what it was;
   *   `store.failed` when the disk has not kept it.
   */
  async open(digest: string, thread: UpdateThread): Promise<Release> {
    const { base } = this.held;
    if (digest === base.digest) return unchanged(base);
    const files = this.list(digest);
    const missing = await this.held.locate(files.map(({ sha256 }) => sha256));
    if (missing.length > 0) {
      throw new EmendError(
        "store.failed",
        `${missing.length} contents of ${digest} are lost, such as ${missing[0]}`,
      );
    }
    const ticketed = files.map((file) => ({ ...file, ...this.held.ticket(file.sha256) }));
    try {
      return this.assemble(digest, files, await thread.ask("open", [ticketed]));
    } finally {
      dropTickets(ticketed.map(({ ticket }) => ticket));
    }
  }
}

/** A directory that was written to is not the release any more that was read from it. */
function unchanged(base: Release): Release {
  const changed = [...base.files.values()].find((file) => file.unchanged?.() === false);
  if (changed === undefined) return base;
  throw new EmendError(
    "release.changed",
    `${changed.path}: was changed on disk since ${base.digest} was read`,
  );
}

/** A release as a journal knows what a site begins from. */
export function baseOf(release: Pick<Release, "digest" | "files">): Base {
  return { digest: release.digest, files: listOf(release) };
}

/** The files of a release without their contents. */
export function listOf({ files }: Pick<Release, "files">): ListedFile[] {
  return [...files.values()].map(({ path, size, sha256 }) => ({ path, size, sha256 }));
}
