/**
 * What the update thread does for the serving thread, by name. Each is one message there and one back; blobs travel as
 * tickets, buffers are moved. Between two calls the thread holds the patches that are on their way in, and the stores.
 */
import { createSha256 } from "../bytes/index.ts";
import type { SiteConfig } from "../config/index.ts";
import { EmendError, type ErrorCode } from "../errors.ts";
import { type CompiledModule, compileHandler, Instance } from "../guest/index.ts";
import { type ListedFile, siteConfigName } from "../release/index.ts";
import { type AuditEntry, type Base, type CommitEntry, openStore, type Store } from "../store/index.ts";
import {
  IncomingPatch,
  type PatchHead,
  type PolicyFacts,
  type SiteKeys,
  type SourceTicket,
} from "./incoming-patch.ts";
import type { KeptBlobs } from "./journal.ts";
import { changeJournal, type JournalCall } from "./journal-call.ts";
import { type MadeFiles, readConfig } from "./make-files.ts";
import { type Mirror, mirrorOf } from "./mirror.ts";
import { Scratch } from "./scratch.ts";
import { type BlobTicket, takeBlob } from "./shared-blob.ts";

export type OperationName = keyof UpdateOperations;
export type AnswerOf<Name extends OperationName> = Awaited<ReturnType<UpdateOperations[Name]>>;

/** What the serving thread asks, and what it is answered. */
export interface UpdateCall {
  readonly id: number;
  readonly name: OperationName;
  readonly args: readonly unknown[];
}
export type UpdateReply = {
  readonly id: number;
  /** What the stores found damaged meanwhile. */
  readonly problems: readonly string[];
} & (
  | { readonly kind: "answer"; readonly value: unknown }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "failed"; readonly message: string }
);

/** A file whose bytes are asked for: what it is to be, and where it is. */
export type TicketedFile = ListedFile & SourceTicket;

/** The site of a state directory. */
export interface Place {
  readonly dir: string;
  readonly site: string;
}

export class UpdateOperations {
  readonly #patches = new Map<number, IncomingPatch>();
  readonly #stores = new Map<string, Store>();
  readonly #scratch = new Scratch();

  /** A patch is going to come, of so many bytes where that is known. Throws `key.format`. */
  expect(patch: number, keys: SiteKeys, bytes: number | null): void {
    this.#patches.set(patch, new IncomingPatch(keys, bytes));
  }

  /** Its next bytes. The head once it is there and its signatures are right. Throws `patch.*`. */
  feed(patch: number, piece: Uint8Array): PatchHead | undefined {
    return this.#patch(patch).feed(piece);
  }

  /** Judges the head by policy. Throws `patch.*`. */
  admit(patch: number, facts: PolicyFacts): void {
    this.#patch(patch).admit(facts);
  }

  /** All of it has come: makes its files. Throws `patch.*`, `delta.*`, `site.config`. */
  make(patch: number, sources: ReadonlyMap<string, SourceTicket>): Promise<MadeFiles> {
    return this.#patch(patch).make(sources, this.#scratch);
  }

  /** It is over with that patch. */
  drop(patch: number): void {
    this.#patches.delete(patch);
  }

  /** Hashes the files that are not known and reads the configuration of what they make up. Throws `store.failed`, `site.config`. */
  async open(files: readonly TicketedFile[]): Promise<SiteConfig> {
    let config: Blob | undefined;
    for (const { path, sha256, ticket, known } of files) {
      const blob = takeBlob(ticket);
      if (!known) await checkBlob(path, sha256, blob);
      if (path === siteConfigName) config = blob;
    }
    return await readConfig(files, async () => config?.bytes());
  }

  /** Throws `module.*`, and `store.failed` when the bytes are others. */
  async compile(modules: readonly TicketedFile[]): Promise<Map<string, CompiledModule>> {
    const compiled = modules.map(async ({ path, sha256, ticket, known }) => {
      const blob = takeBlob(ticket);
      if (!known) await checkBlob(path, sha256, blob);
      const module = await compileHandler(await blob.bytes(), path);
      Instance.rehearse(module);
      return [sha256, module] as const;
    });
    return new Map(await Promise.all(compiled));
  }

  /** Tells a site's store what the site begins from: the first call of all that are about it. Throws `store.*`. */
  begin({ dir, site }: Place, base: Base): Mirror {
    return mirrorOf(this.#store(dir).site(site).begin(base));
  }

  /** Makes a patch that has come durable. Throws `store.*`. */
  commit({ dir, site }: Place, patch: number, entry: CommitNote): Mirror {
    const { bytes } = this.#patch(patch);
    return mirrorOf(
      this.#store(dir)
        .site(site)
        .commit({ ...entry, patch: bytes }),
    );
  }

  /** Changes the journal of a site in another way. Throws `store.*`. */
  change({ dir, site }: Place, call: JournalCall): Mirror {
    return mirrorOf(changeJournal(this.#store(dir).site(site), call));
  }

  /** Keeps the contents of committed releases as files, and lets go of what nobody needs. */
  async keep(
    place: Place,
    blobs: readonly { readonly sha256: string; readonly ticket: BlobTicket }[],
  ): Promise<KeptBlobs> {
    const store = this.#store(place.dir);
    const siteStore = store.site(place.site);
    const taken = blobs.map(({ sha256, ticket }) => ({ sha256, blob: takeBlob(ticket) }));
    for (const { sha256, blob } of taken) {
      // What lies there already stays only if it is whole.
      if (siteStore.blobPath(sha256) === null || siteStore.readBlob(sha256) === null) {
        siteStore.putBlob(sha256, await blob.bytes());
      }
    }
    store.collectGarbage();
    const paths = this.paths(
      place,
      taken.map(({ sha256 }) => sha256),
    );
    return { paths, mirror: mirrorOf(siteStore.record()) };
  }

  /** The files of contents that are kept. */
  paths({ dir, site }: Place, digests: readonly string[]): Map<string, string> {
    const siteStore = this.#store(dir).site(site);
    const paths = new Map<string, string>();
    for (const sha256 of digests) {
      const path = siteStore.blobPath(sha256);
      if (path !== null) paths.set(sha256, path);
    }
    return paths;
  }

  audit(dir: string, entry: AuditEntry): void {
    this.#store(dir).audit(entry);
  }

  audits(dir: string, selection: Parameters<Store["audits"]>[0]): readonly AuditEntry[] {
    return this.#store(dir).audits(selection);
  }

  /** What the stores found damaged since the last call: sentences for the log. */
  takeProblems(): string[] {
    return [...this.#stores.values()].flatMap((store) => store.takeProblems());
  }

  /** Lets go of everything: the thread is about to end. */
  close(): void {
    this.#patches.clear();
    for (const store of this.#stores.values()) store[Symbol.dispose]();
    this.#stores.clear();
  }

  #patch(id: number): IncomingPatch {
    const patch = this.#patches.get(id);
    // It was there, on a thread that has died since.
    if (patch === undefined) throw new EmendError("update.failed", "the thread that held the patch ended");
    return patch;
  }

  #store(dir: string): Store {
    let store = this.#stores.get(dir);
    if (store === undefined) {
      store = openStore(dir);
      this.#stores.set(dir, store);
    }
    return store;
  }
}

/** What a commit makes durable, beside the patch itself. */
export type CommitNote = Omit<CommitEntry, "patch">;

async function checkBlob(path: string, sha256: string, blob: Blob): Promise<void> {
  const found = await hashOf(blob);
  if (found === sha256) return;
  const what = found === undefined ? "it cannot be read" : `expected SHA-256 ${sha256}, found ${found}`;
  throw new EmendError("store.failed", `${path} is damaged where the node keeps it: ${what}`);
}

async function hashOf(blob: Blob): Promise<string | undefined> {
  const hash = createSha256();
  try {
    for await (const piece of blob.stream()) hash.update(piece);
  } catch {
    // It lies in a file, which is gone or no longer ours to read.
    return undefined;
  }
  return hash.hex();
}
