/**
 * The bytes of assets, ready to send: what is in memory as it is, small files read once and held within a budget,
 * large ones streamed from where they lie. Bytes that are not those of the release's digest never leave.
 */
import { assetHeldFileBytesMax } from "../../limits.ts";
import { isResident } from "../content.ts";
import { checkUnchanged, readVerified } from "../read-verified.ts";
import type { Asset, Form } from "./asset.ts";

type Held = { readonly form: Form; readonly bytes: number; usedAt: number };

export class Bodies {
  readonly #bytesMax: number;
  readonly #held = new Map<Asset, Held>();
  readonly #loading = new Map<Asset, Promise<Form>>();
  /** The sum of `bytes` in `#held`, at most `#bytesMax`. */
  #bytes = 0;
  #clock = 0;
  #isClosed = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The identity form of an asset. Throws or rejects with what is wrong with its bytes. */
  of(asset: Asset): Form | Promise<Form> {
    const held = this.#held.get(asset);
    if (held === undefined) return this.#firstOf(asset);
    held.usedAt = ++this.#clock;
    // A copy in memory stays right whatever happens to its file.
    if (held.bytes === 0) checkUnchanged(asset.file);
    return held.form;
  }

  /** Lets go of all bytes. Requests that are still answered are, from then on, answered without holding any. */
  close(): void {
    this.#isClosed = true;
    this.#held.clear();
    this.#bytes = 0;
  }

  #firstOf(asset: Asset): Form | Promise<Form> {
    if (isResident(asset.file)) return this.#hold(asset, asset.identity(asset.file.blob), 0);
    const loading = this.#loading.get(asset);
    if (loading !== undefined) return loading;
    const form = this.#load(asset).finally(() => this.#loading.delete(asset));
    this.#loading.set(asset, form);
    return form;
  }

  async #load(asset: Asset): Promise<Form> {
    const { file } = asset;
    if (file.size <= assetHeldFileBytesMax) {
      return this.#hold(asset, asset.identity(new Blob([await readVerified(file)])), file.size);
    }
    await file.verify?.();
    checkUnchanged(file);
    return this.#hold(asset, asset.identity(file.blob), 0);
  }

  #hold(asset: Asset, form: Form, bytes: number): Form {
    if (this.#isClosed || bytes > this.#bytesMax) return form;
    while (this.#bytes + bytes > this.#bytesMax) this.#dropOldest();
    this.#held.set(asset, { form, bytes, usedAt: ++this.#clock });
    this.#bytes += bytes;
    return form;
  }

  /** A walk over everything: it happens only on the way to the disk, and keeps each hit at one counter. */
  #dropOldest(): void {
    let oldest: [Asset, Held] | undefined;
    for (const entry of this.#held) {
      if (entry[1].bytes > 0 && (oldest === undefined || entry[1].usedAt < oldest[1].usedAt)) oldest = entry;
    }
    if (oldest === undefined) return;
    this.#held.delete(oldest[0]);
    this.#bytes -= oldest[1].bytes;
  }
}
