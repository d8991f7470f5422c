/**
 * The contents that a node has of one site, by SHA-256, wherever they lie: in what it was started with, in memory
 * because a patch has just made them, or in the store.
 */
import { createSha256 } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import type { ListedFile, Release, ReleaseFile } from "../release/index.ts";
import type { SourceTicket } from "./incoming-patch.ts";
import type { Journal } from "./journal.ts";
import type { Mirror } from "./mirror.ts";
import { lendBlob } from "./shared-blob.ts";

type Content = Pick<ReleaseFile, "size" | "blob" | "unchanged" | "verify" | "rewritten">;

export class HeldFiles {
  readonly #journal: Journal;
  #base: Release;
  #baseContents: ReadonlyMap<string, ReleaseFile> | undefined;
  /** Made by patches, in memory. */
  readonly #made = new Map<string, Blob>();
  /** Found in the store. */
  readonly #stored = new Map<string, Content>();
  /** Those of `#made` that the store does not have yet. */
  readonly #unkept = new Set<string>();

  constructor(journal: Journal, base: Release) {
    this.#journal = journal;
    this.#base = base;
  }

  /** What the node was started with, or a local release that took its place. */
  get base(): Release {
    return this.#base;
  }

  replaceBase(base: Release): void {
    this.#base = base;
    this.#baseContents = undefined;
  }

  /** Whether the store is to get something yet. */
  get hasUnkept(): boolean {
    return this.#unkept.size > 0;
  }

  /** Takes contents into memory, also those that the store has: what is new is whole, what lies there may be damaged. */
  add(contents: ReadonlyMap<string, Blob>): void {
    for (const [sha256, blob] of contents) {
      const base = this.#baseContent(sha256);
      if (this.#made.has(sha256) || (base !== undefined && base.unchanged?.() !== false)) continue;
      this.#made.set(sha256, blob);
      this.#unkept.add(sha256);
    }
  }

  /** The store has a content in this file. */
  addStored(sha256: string, path: string): void {
    this.#stored.set(sha256, storedContent(sha256, path));
  }

  /** The store does not have a content after all. */
  forgetStored(sha256: string): void {
    this.#stored.delete(sha256);
  }

  /** Looks for contents in the store too. Answers those that the node does not have. */
  async locate(digests: readonly string[]): Promise<string[]> {
    const unknown = digests.filter((sha256) => this.#of(sha256) === undefined);
    for (const [sha256, path] of await this.#journal.paths(unknown)) this.addStored(sha256, path);
    return unknown.filter((sha256) => !this.#stored.has(sha256));
  }

  /** Where a content is; undefined when the node does not have it, or has not located it. */
  blob(sha256: string): Blob | undefined {
    return this.#of(sha256)?.blob;
  }

  /** For the update thread. The content was located. */
  ticket(sha256: string): SourceTicket {
    return ticketOf(this.#located(sha256));
  }

  /**
   * A file of a release, out of contents that were located or that a patch has just made.
   *
   * @throws EmendError `patch.hash` for a size that is not its content's.
   */
  file({ path, size, sha256 }: ListedFile, made?: ReadonlyMap<string, Blob>): ReleaseFile {
    // What is in memory already is not held twice.
    const fresh = this.#made.get(sha256) ?? made?.get(sha256);
    const content = fresh === undefined ? this.#located(sha256) : { size: fresh.size, blob: fresh };
    if (content.size === size) return { ...content, path, size, sha256 };
    throw new EmendError("patch.hash", `${path}: listed with ${size} bytes, its content has ${content.size}`);
  }

  /**
   * Hands to the store what it does not have yet, and has it let go of what nobody needs.
   *
   * @throws EmendError `store.*`: then it is tried again the next time.
   */
  async keep(): Promise<Mirror> {
    const batch = [...this.#unkept].flatMap((sha256) => {
      const blob = this.#made.get(sha256);
      return blob === undefined ? [] : [[sha256, blob] as const];
    });
    const { paths, mirror } = await this.#journal.keep(new Map(batch));
    for (const [sha256] of batch) this.#unkept.delete(sha256);
    for (const [sha256, path] of paths) this.addStored(sha256, path);
    return mirror;
  }

  /** Lets go of what no kept release names, and of memory for what only waits in the store. */
  prune(kept: ReadonlySet<string>, live: ReadonlySet<string>): void {
    for (const sha256 of this.#made.keys()) {
      if (live.has(sha256) || (kept.has(sha256) && !this.#stored.has(sha256))) continue;
      this.#made.delete(sha256);
      this.#unkept.delete(sha256);
    }
    for (const sha256 of this.#stored.keys()) if (!kept.has(sha256)) this.#stored.delete(sha256);
  }

  #located(sha256: string): Content {
    const content = this.#of(sha256);
    if (content !== undefined) return content;
    throw new EmendError("release.unknown", `the node has no content with SHA-256 ${sha256}`);
  }

  #of(sha256: string): Content | undefined {
    const made = this.#made.get(sha256);
    if (made !== undefined) return { size: made.size, blob: made };
    return this.#baseContent(sha256) ?? this.#stored.get(sha256);
  }

  #baseContent(sha256: string): ReleaseFile | undefined {
    this.#baseContents ??= new Map([...this.#base.files.values()].map((file) => [file.sha256, file]));
    return this.#baseContents.get(sha256);
  }
}

/** A content on its way to the update thread. */
export function ticketOf({
  blob,
  unchanged,
  verify,
}: Pick<Content, "blob" | "unchanged" | "verify">): SourceTicket {
  return { ticket: lendBlob(blob), known: unchanged === undefined && verify === undefined };
}

/** A file of the store: whole when it was written, and compared with its digest before it is used. */
function storedContent(sha256: string, path: string): Content {
  const blob = Bun.file(path);
  let verified: Promise<void> | undefined;
  return {
    size: blob.size,
    blob,
    verify: () => {
      verified ??= verify(sha256, path, blob);
      return verified;
    },
  };
}

async function verify(sha256: string, path: string, blob: Blob): Promise<void> {
  const hash = createSha256();
  for await (const piece of blob.stream()) hash.update(piece);
  const found = hash.hex();
  if (found === sha256) return;
  throw new EmendError("store.failed", `${path} is damaged: expected SHA-256 ${sha256}, found ${found}`);
}
