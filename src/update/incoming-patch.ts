/**
 * A patch on its way in, on the update thread. Its head is judged as soon as it is there: signatures over the raw
 * bytes, then the manifest, then policy. What follows is only believed as far as the manifest says so.
 */
import { EmendError } from "../errors.ts";
import { patchBufferBytesMin } from "../limits.ts";
import { siteConfigName } from "../release/index.ts";
import {
  checkPolicy,
  envelopeBytes,
  envelopeHeadBytes,
  type Keyring,
  openEnvelope,
  type PatchContext,
  parsePublicKey,
  payloadsOf,
  type VerifiedManifest,
  verifyEnvelope,
} from "../trust/index.ts";
import { type MadeFiles, makeFiles } from "./make-files.ts";
import type { Scratch } from "./scratch.ts";
import type { BlobTicket } from "./shared-blob.ts";

/** Who may patch a site: keys as text, `RW…`. */
export interface SiteKeys {
  readonly keys: readonly string[];
  readonly retired: readonly string[];
  readonly threshold: number;
}

/** What the serving thread is told of a manifest whose signatures are right. */
export interface PatchHead {
  /** SHA-256 of the manifest. */
  readonly digest: string;
  readonly to: string;
  readonly sequence: number;
  readonly label: string | null;
  readonly createdMs: number;
  /** Files that the node must hold: those that stay, and sources of deltas. */
  readonly needs: readonly string[];
  /** Those of them whose bytes are read. */
  readonly sources: readonly string[];
}

/** What the serving thread knows and policy needs. */
export type PolicyFacts = Omit<PatchContext, "isCommitted" | "holds"> & {
  readonly committed: readonly string[];
  /** What of `needs` the node does not hold. */
  readonly missing: readonly string[];
};

/** A file whose bytes the other thread holds. `known` when they were hashed before and cannot have changed. */
export interface SourceTicket {
  readonly ticket: BlobTicket;
  readonly known: boolean;
}

export class IncomingPatch {
  readonly #keyring: Keyring;
  #buffer: Uint8Array<ArrayBuffer>;
  #bytes = 0;
  #verified: VerifiedManifest | undefined;

  /** @param bytes How long the patch is going to be, where that is known. */
  constructor({ keys, retired, threshold }: SiteKeys, bytes: number | null) {
    this.#keyring = { keys: keys.map(parsePublicKey), retired: retired.map(parsePublicKey), threshold };
    this.#buffer = new Uint8Array(bytes ?? patchBufferBytesMin);
  }

  /** All that has come. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#bytes);
  }

  /** Takes the next bytes; once it answers a head it is not asked again. Throws as `verifyEnvelope` does. */
  feed(piece: Uint8Array): PatchHead | undefined {
    this.#append(piece);
    if (this.#verified !== undefined || this.#bytes < envelopeHeadBytes) return undefined;
    if (this.#bytes < envelopeBytes(this.#buffer.subarray(0, envelopeHeadBytes))) return undefined;
    this.#verified = verifyEnvelope(openEnvelope(this.bytes), this.#keyring);
    return headOf(this.#verified);
  }

  /** Throws as `checkPolicy` does. */
  admit({ committed, missing, ...facts }: PolicyFacts): void {
    const [known, absent] = [new Set(committed), new Set(missing)];
    checkPolicy(this.#checked(), {
      ...facts,
      isCommitted: (digest) => known.has(digest),
      holds: (sha256) => !absent.has(sha256),
    });
  }

  /** Makes the files of the release from the whole patch. Throws `patch.*`, `delta.*`, `site.config`. */
  async make(sources: ReadonlyMap<string, SourceTicket>, scratch: Scratch): Promise<MadeFiles> {
    const verified = this.#checked();
    return await makeFiles(verified.manifest.files, payloadsOf(verified, this.bytes), sources, scratch);
  }

  #checked(): VerifiedManifest {
    if (this.#verified !== undefined) return this.#verified;
    throw new EmendError("patch.truncated", `a patch of ${this.#bytes} bytes ends within its head`);
  }

  #append(piece: Uint8Array): void {
    const needed = this.#bytes + piece.length;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      grown.set(this.bytes);
      this.#buffer = grown;
    }
    this.#buffer.set(piece, this.#bytes);
    this.#bytes = needed;
  }
}

function headOf({ manifest, digest }: VerifiedManifest): PatchHead {
  const { to, sequence, label, created, files } = manifest;
  const made = new Set(files.flatMap((file) => (file.op === "keep" ? [] : [file.sha256])));
  const needs = new Set<string>();
  const sources = new Set<string>();
  for (const file of files) {
    // What one file of the patch makes, another one may keep.
    if (file.op === "full" || (file.op === "keep" && made.has(file.sha256))) continue;
    const held = file.op === "keep" ? file.sha256 : file.source;
    needs.add(held);
    // The configuration is read, also when it stays as it was.
    if (file.op === "delta" || file.path === siteConfigName) sources.add(held);
  }
  return {
    digest,
    to,
    sequence,
    label,
    createdMs: Date.parse(created),
    needs: [...needs],
    sources: [...sources],
  };
}
