/**
 * Where a site's journal is kept: in a state directory, by way of the update thread, or in memory. The serving thread
 * waits for neither.
 */
import type { Base, SiteStore, Store } from "../store/index.ts";
import { changeJournal, type JournalCall } from "./journal-call.ts";
import { type Mirror, mirrorOf } from "./mirror.ts";
import { dropTickets, lendBlob } from "./shared-blob.ts";
import type { CommitNote, Place } from "./update-operations.ts";
import type { UpdateThread } from "./update-thread.ts";

export interface Journal {
  /** Whether what it was told is there after a restart. */
  readonly isDurable: boolean;
  /** What the site begins from, or begins from anew. */
  begin(base: Base): Promise<Mirror>;
  /** Makes the release of a patch that the update thread holds the running one, or a canary. Throws `store.*`. */
  commit(patch: number, note: CommitNote): Promise<Mirror>;
  /** Another change. Throws `store.*`. */
  change(...call: JournalCall): Promise<Mirror>;
  /** Keeps contents as files and lets go of what no kept release needs. A journal in memory keeps none. Throws `store.*`. */
  keep(blobs: ReadonlyMap<string, Blob>): Promise<KeptBlobs>;
  /** Paths of contents that are kept. */
  paths(digests: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** Where contents are now, by SHA-256, and the journal without what was let go. */
export interface KeptBlobs {
  readonly paths: ReadonlyMap<string, string>;
  readonly mirror: Mirror;
}

/** The journal of a site in a state directory. */
export class ThreadJournal implements Journal {
  readonly isDurable = true;
  readonly #thread: UpdateThread;
  readonly #place: Place;
  #base: Base;
  readonly #secure: () => Promise<void>;
  /** Which thread was told the base. */
  #toldLife = 0;

  /** @param secure Keeps other nodes out of the directory; called before each use. */
  constructor(thread: UpdateThread, place: Place, base: Base, secure: () => Promise<void>) {
    this.#thread = thread;
    this.#place = place;
    this.#base = base;
    this.#secure = secure;
  }

  async begin(base: Base): Promise<Mirror> {
    await this.#secure();
    this.#base = base;
    this.#toldLife = this.#thread.start();
    return await this.#thread.ask("begin", [this.#place, base]);
  }

  async commit(patch: number, note: CommitNote): Promise<Mirror> {
    await this.#ready();
    return await this.#thread.ask("commit", [this.#place, patch, note]);
  }

  async change(...call: JournalCall): Promise<Mirror> {
    await this.#ready();
    return await this.#thread.ask("change", [this.#place, call]);
  }

  async keep(blobs: ReadonlyMap<string, Blob>): Promise<KeptBlobs> {
    await this.#ready();
    const tickets = [...blobs].map(([sha256, blob]) => ({ sha256, ticket: lendBlob(blob) }));
    try {
      return await this.#thread.ask("keep", [this.#place, tickets]);
    } finally {
      dropTickets(tickets.map(({ ticket }) => ticket));
    }
  }

  async paths(digests: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (digests.length === 0) return new Map();
    await this.#ready();
    return await this.#thread.ask("paths", [this.#place, digests]);
  }

  /** A thread that was started anew has opened no store yet, and a store wants to know the base first. */
  async #ready(): Promise<void> {
    if (this.#toldLife !== this.#thread.start()) await this.begin(this.#base);
  }
}

/** The journal of a site with `--ephemeral`. */
export class MemoryJournal implements Journal {
  readonly isDurable = false;
  readonly #open: () => Promise<Store>;
  readonly #site: string;

  /** @param open The one store of the node: opened when it is needed, since a start does not. */
  constructor(open: () => Promise<Store>, site: string) {
    this.#open = open;
    this.#site = site;
  }

  async begin(base: Base): Promise<Mirror> {
    return mirrorOf((await this.#store()).begin(base));
  }

  async commit(_: number, note: CommitNote): Promise<Mirror> {
    // Nothing is ever replayed from memory.
    return mirrorOf((await this.#store()).commit({ ...note, patch: new Uint8Array() }));
  }

  async change(...call: JournalCall): Promise<Mirror> {
    return mirrorOf(changeJournal(await this.#store(), call));
  }

  async keep(blobs: ReadonlyMap<string, Blob>): Promise<KeptBlobs> {
    const site = await this.#store();
    // The contents stay where they are. That they exist is what lets the store trim its list of releases.
    for (const sha256 of blobs.keys()) site.putBlob(sha256, new Uint8Array());
    (await this.#open()).collectGarbage();
    return { paths: new Map(), mirror: mirrorOf(site.record()) };
  }

  async paths(): Promise<ReadonlyMap<string, string>> {
    return new Map();
  }

  async #store(): Promise<SiteStore> {
    return (await this.#open()).site(this.#site);
  }
}
