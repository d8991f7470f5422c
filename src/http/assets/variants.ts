/**
 * Coded forms of files, made in the background and kept by the digest of their source, so that equal files share
 * them and a new release takes over those of the one before.
 */
import { assetVariantRatioMax } from "../../limits.ts";
import type { SiteFile } from "../content.ts";
import { readVerified } from "../read-verified.ts";
import { type Coding, codings } from "./accept-encoding.ts";

/** One coded form of a file. */
export type Variant = { readonly coding: Coding; readonly blob: Blob };

/** Per source: what was kept, smallest first; empty where nothing was worth it. No entry: not tried yet. */
type Kept = readonly Variant[];

const none: Kept = [];

/** The last compression of the process, of whichever site: one at a time leaves the other cores to requests. */
let lastTurn: Promise<unknown> = Promise.resolve();

export class Variants {
  readonly #bytesMax: number;
  readonly #kept: Map<string, Kept>;
  /** The sum of all blobs in `#kept`, at most `#bytesMax`. */
  #bytes: number;
  #isClosed = false;

  /** `previous`: what is already made; of it, the variants of `files` are taken over. */
  constructor(bytesMax: number, files: Iterable<SiteFile>, previous?: Variants) {
    this.#bytesMax = bytesMax;
    this.#kept = new Map();
    this.#bytes = 0;
    if (previous === undefined) return;
    for (const { sha256 } of files) {
      const kept = previous.#kept.get(sha256);
      if (kept !== undefined) this.#keep(sha256, kept);
    }
  }

  /** What there is for a source, smallest first. */
  of(sha256: string): readonly Variant[] {
    return this.#kept.get(sha256) ?? none;
  }

  /** Makes what is missing, small files first; ends early when closed or full. Never rejects for a file's sake. */
  async make(files: Iterable<SiteFile>): Promise<void> {
    for (const file of [...files].sort((a, b) => a.size - b.size)) {
      if (this.#isClosed) return;
      if (this.#kept.has(file.sha256)) continue;
      const turn = lastTurn.then(() => this.#makeOne(file));
      // A file that cannot be read, or is another by now, is answered for when it is asked for.
      lastTurn = turn.catch(() => {});
      await lastTurn;
    }
  }

  /** Stops the making after the compression that is running, and lets go of everything. */
  close(): void {
    this.#isClosed = true;
    this.#kept.clear();
    this.#bytes = 0;
  }

  async #makeOne(file: SiteFile): Promise<void> {
    if (this.#isClosed) return;
    const source = await readVerified(file);
    const variants: Variant[] = [];
    for (const coding of codings) {
      if (this.#isClosed) return;
      const bytes = await encode(coding, source);
      if (bytes.length > source.length * assetVariantRatioMax) continue;
      variants.push({ coding, blob: new Blob([bytes]) });
    }
    // A stable sort: forms of one size stay in the order of `codings`.
    if (!this.#isClosed)
      this.#keep(
        file.sha256,
        variants.sort((a, b) => a.blob.size - b.blob.size),
      );
  }

  #keep(sha256: string, variants: Kept): void {
    if (this.#kept.has(sha256)) return;
    const bytes = variants.reduce((sum, { blob }) => sum + blob.size, 0);
    const fits = this.#bytes + bytes <= this.#bytesMax;
    this.#kept.set(sha256, fits ? variants : none);
    if (fits) this.#bytes += bytes;
  }
}

/**
 * The callback forms run on the thread pool. Levels from 3 MB of JSON, in bytes left and CPU seconds: zstd 12
 * 25 %, 0.2 (19: 19 %, 3.6); brotli 9 24 %, 0.3 (11: 14 %, 8); gzip 9 26 %, 0.15. What the highest levels save
 * is not worth ten times the CPU of a small device at every release.
 *
 * The codecs are loaded when there is something to code: at start that would delay the first answer.
 */
async function encode(coding: Coding, source: Uint8Array): Promise<Buffer<ArrayBuffer>> {
  const { promisify } = await import("node:util");
  const { brotliCompress, constants, gzip, zstdCompress } = await import("node:zlib");
  const coded = {
    zstd: () => promisify(zstdCompress)(source, { params: { [constants.ZSTD_c_compressionLevel]: 12 } }),
    br: () =>
      promisify(brotliCompress)(source, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: source.length },
      }),
    gzip: () => promisify(gzip)(source, { level: 9 }),
  };
  return (await coded[coding]()) as Buffer<ArrayBuffer>;
}
