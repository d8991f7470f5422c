/**
 * One asset: a file and the answers that can be prepared for it. A prepared answer is never sent, only cloned: a
 * clone shares the bytes and costs less than a new Response with the same fields.
 */
import { assetVariantSourceBytesMax, assetVariantSourceBytesMin } from "../../limits.ts";
import { isResident, type SiteFile } from "../content.ts";
import { type Coding, codings } from "./accept-encoding.ts";
import { etagOf, listsEtag } from "./etag.ts";
import type { HeaderRules } from "./header-rules.ts";
import { isCompressible, mediaTypeOf } from "./media-type.ts";
import type { Variant } from "./variants.ts";

/** The bytes of a form and its prepared 200. */
export type Form = { readonly blob: Blob; readonly response: Response };

export class Asset {
  readonly file: SiteFile;
  readonly etag: string;
  /** Whether coded forms of it may exist, now or later. Only then does the answer depend on Accept-Encoding. */
  readonly isNegotiated: boolean;
  readonly #name: string;
  readonly #rules: HeaderRules;
  readonly #mediaType: string;
  /** Made for the first that is asked for: of most assets of a release none is. */
  #coded: Map<Coding, Form> | undefined;
  #headers: Headers | undefined;

  /** `name` is the file's path inside the assets directory. */
  constructor(name: string, file: SiteFile, rules: HeaderRules) {
    this.file = file;
    this.etag = etagOf(file.sha256);
    this.#name = name;
    this.#rules = rules;
    this.#mediaType = mediaTypeOf(name);
    this.isNegotiated =
      file.size >= assetVariantSourceBytesMin &&
      file.size <= assetVariantSourceBytesMax &&
      isCompressible(this.#mediaType);
  }

  /** Whether a field value of If-Match names any form of this asset (RFC 9110 §13.1.1). */
  matches(fieldValue: string): boolean {
    return [undefined, ...this.#codings()].some((coding) =>
      listsEtag(fieldValue, etagOf(this.file.sha256, coding), "strong"),
    );
  }

  /**
   * The form that a client may go on using by its If-None-Match (§13.1.2). A coded form counts even when it is not
   * made (again) yet: after a restart the caches of browsers stay valid. `accepts` says which codings a client takes.
   */
  findUnmodified(fieldValue: string, accepts: (coding: Coding) => boolean): Response | undefined {
    for (const coding of this.#codings()) {
      const etag = etagOf(this.file.sha256, coding);
      if (fieldValue.includes(etag) && accepts(coding)) return this.#unmodified(etag);
    }
    return listsEtag(fieldValue, this.etag, "weak") ? this.#unmodified(this.etag) : undefined;
  }

  /** The whole file as it is. */
  identity(blob: Blob): Form {
    const headers = new Headers(this.headers);
    // Bun answers Range itself where a body begins at a file's first byte, as RFC 9110 wants it and with If-Range;
    // to such a body it also adds a Content-Disposition with the name on disk, unless there is one.
    if (!isResident(this.file) && !headers.has("content-disposition"))
      headers.set("content-disposition", "inline");
    return { blob, response: new Response(blob, { headers }) };
  }

  /** The file in a coding. */
  coded({ coding, blob }: Variant): Form {
    this.#coded ??= new Map();
    let form = this.#coded.get(coding);
    if (form === undefined) {
      const headers = new Headers(this.headers);
      headers.set("content-encoding", coding);
      headers.set("etag", etagOf(this.file.sha256, coding));
      headers.delete("accept-ranges");
      form = { blob, response: new Response(blob, { headers }) };
      this.#coded.set(coding, form);
    }
    return form;
  }

  /** The fields of the identity form; made at the first request, since most assets of a release never see one. */
  get headers(): Headers {
    this.#headers ??= this.#makeHeaders();
    return this.#headers;
  }

  #makeHeaders(): Headers {
    const headers = this.#rules(this.#name);
    if (!headers.has("content-type")) headers.set("content-type", this.#mediaType);
    headers.set("etag", this.etag);
    headers.set("accept-ranges", "bytes");
    if (this.isNegotiated) headers.append("vary", "Accept-Encoding");
    return headers;
  }

  #unmodified(etag: string): Response {
    const headers = new Headers(this.headers);
    for (const field of ["accept-ranges", "content-disposition", "content-type"]) headers.delete(field);
    headers.set("etag", etag);
    return new Response(null, { status: 304, headers });
  }

  #codings(): readonly Coding[] {
    return this.isNegotiated ? codings : [];
  }
}
