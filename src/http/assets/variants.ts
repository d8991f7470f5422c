/**
 * Coded forms of files, made in the background and kept by the digest of their source, so that equal files share
 * them and a new release takes over those of the one before.
 */
import { assetVariantRatioMax } from "../../limits.ts";
import type { SiteFile } from "../content.ts";
import type { Pace } from "../pace.ts";
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
  readonly #kept = new Map<string, Kept>();
  /** The sum of all blobs in `#kept`, at most `#bytesMax`. */
  #bytes = 0;
  /** What is not made yet, by the power of two that a file's size is below: a sort of all would take too long at once. */
  readonly #missing: (SiteFile[] | undefined)[] = [];
  #isClosed = false;

  private constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** For these files. `previous`: what is already made, and taken over. */
  static async create(
    bytesMax: number,
    files: Iterable<SiteFile>,
    pace: Pace,
    previous?: Variants,
  ): Promise<Variants> {
    const variants = new Variants(bytesMax);
    for (const file of files) {
      const kept = previous === undefined ? undefined : previous.#kept.get(file.sha256);
      if (kept !== undefined) variants.#keep(file.sha256, kept);
      else variants.#add(file);
      await pace.step();
    }
    return variants;
  }

  /** What there is for a source, smallest first. */
  of(sha256: string): readonly Variant[] {
    return this.#kept.get(sha256) ?? none;
  }

  /** Makes what is missing, small files first; ends early when closed or full. Never rejects for a file's sake. */
  async make(): Promise<void> {
    for (const files of this.#missing) {
      if (files === undefined) continue;
      for (let file = files.pop(); file !== undefined; file = files.pop()) {
        const next = file;
        const turn = lastTurn.then(() => this.#makeOne(next));
        // A file that cannot be read, or is another by now, is answered for when it is asked for.
        lastTurn = turn.catch(() => {});
        await lastTurn;
        if (this.#isClosed) return;
      }
    }
  }

  /** Stops the making after the compression that is running, and lets go of everything. */
  close(): void {
    this.#isClosed = true;
    this.#kept.clear();
    this.#missing.length = 0;
    this.#bytes = 0;
  }

  #add(file: SiteFile): void {
    const power = Math.ceil(Math.log2(file.size + 1));
    const files = this.#missing[power] ?? [];
    files.push(file);
    this.#missing[power] = files;
  }

  async #makeOne(file: SiteFile): Promise<void> {
    if (this.#isClosed || this.#kept.has(file.sha256)) return;
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
