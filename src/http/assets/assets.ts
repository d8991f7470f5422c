/**
 * The static assets of one release: from a request to the file, form and part of it that answers (RFC 9110 §13.2.2
 * for the order of preconditions). Routing, hosts and the plain 404 are the caller's.
 */
import { parseAccept } from "hono/utils/accept";
import { messageOf } from "../../errors.ts";
import { assetHeldBytesMax, assetVariantsBytesMax } from "../../limits.ts";
import { withBodySize } from "../body-size.ts";
import type { SiteContent, SiteFile } from "../content.ts";
import { Pace } from "../pace.ts";
import { plainResponse } from "../plain-response.ts";
import { chooseForm, parseAcceptEncoding } from "./accept-encoding.ts";
import { Asset, type Form } from "./asset.ts";
import { Bodies } from "./bodies.ts";
import { parseRange } from "./byte-range.ts";
import { compileHeaderRules } from "./header-rules.ts";
import { findTarget, mapUrls, type UrlMap } from "./url-map.ts";
import { Variants } from "./variants.ts";

/** The assets of one release. Disposing frees what is held; requests that are under way still end well. */
export type Assets = {
  /**
   * Answers a request whose raw, still percent-encoded path is `path`. `undefined`: nothing here answers it. Only
   * the first request for a file that is not in memory gets a promise.
   */
  respond(request: Request, path: string): Response | undefined | Promise<Response | undefined>;
  /** Makes the coded forms in the background. Resolves when all are made, the memory for them is used up, or disposed. */
  makeVariants(): Promise<void>;
  [Symbol.dispose](): void;
};

/** `variantsBytesMax` and `heldBytesMax` default to the caps of limits.ts. */
export type AssetsOptions = {
  /** Fields on every answer that has a body or an entity tag, such as x-emend-release. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Told once per file that can no longer be answered. */
  readonly warn?: (message: string) => void;
  /** The assets of the release before: coded forms of files that did not change are taken over. */
  readonly previous?: Assets | undefined;
  readonly heldBytesMax?: number;
  readonly variantsBytesMax?: number;
};

/** The assets of a release. The bytes are not touched before the first request. */
export async function createAssets(
  content: SiteContent,
  options: AssetsOptions = {},
  pace: Pace = new Pace(),
): Promise<Assets> {
  const rules = compileHeaderRules(content.config.assets, options.headers ?? {});
  const assets = new Map<string, Asset>();
  const negotiated: SiteFile[] = [];
  for (const [name, file] of filesOfAssets(content)) {
    const asset = new Asset(name, file, rules);
    assets.set(name, asset);
    if (asset.isNegotiated) negotiated.push(file);
    await pace.step();
  }
  const { previous, variantsBytesMax = assetVariantsBytesMax } = options;
  const made = previous instanceof SiteAssets ? previous.variants : undefined;
  const [urls, variants] = [
    await mapUrls(assets, pace),
    await Variants.create(variantsBytesMax, negotiated, pace, made),
  ];
  return new SiteAssets({ assets, urls, variants, isSpa: content.config.assets.spa }, options);
}

type Answer = Response | Promise<Response>;
type Send = (request: Request, form: Form) => Response;

/** What was built for a release. */
interface Built {
  readonly assets: ReadonlyMap<string, Asset>;
  readonly urls: UrlMap<Asset>;
  readonly variants: Variants;
  readonly isSpa: boolean;
}

class SiteAssets implements Assets {
  readonly variants: Variants;
  readonly #urls: UrlMap<Asset>;
  readonly #bodies: Bodies;
  readonly #fallback: Asset | undefined;
  readonly #notFoundPage: Asset | undefined;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #warn: (message: string) => void;
  /** Files that were warned about. */
  readonly #warned = new Set<SiteFile>();

  constructor({ assets, urls, variants, isSpa }: Built, options: AssetsOptions) {
    this.variants = variants;
    this.#headers = options.headers ?? {};
    this.#warn = options.warn ?? (() => {});
    this.#urls = urls;
    this.#fallback = isSpa ? assets.get("index.html") : undefined;
    this.#notFoundPage = assets.get("404.html");
    this.#bodies = new Bodies(options.heldBytesMax ?? assetHeldBytesMax);
  }

  respond(request: Request, path: string): Response | undefined | Promise<Response | undefined> {
    const target = findTarget(this.#urls, path);
    if (target === undefined) return this.#respondUnknown(request, path);
    if (target === "malformed") return this.#plain(400);
    if (!isRead(request)) return this.#plain(405, { allow: "GET, HEAD" });
    if (target.kind === "directory") {
      // Browsers keep a 301 for ever unless told otherwise, and the next release may have a file of that name.
      return this.#plain(301, { location: target.location + queryOf(request), "cache-control": "no-cache" });
    }
    return this.#respondAsset(request, target.file);
  }

  makeVariants(): Promise<void> {
    return this.variants.make();
  }

  [Symbol.dispose](): void {
    this.variants.close();
    this.#bodies.close();
  }

  #respondAsset(request: Request, asset: Asset): Answer {
    const { headers } = request;
    const ifMatch = headers.get("if-match");
    if (ifMatch !== null && !asset.matches(ifMatch)) return this.#plain(412);
    const ifNoneMatch = headers.get("if-none-match");
    if (ifNoneMatch !== null) {
      const weights = parseAcceptEncoding(headers.get("accept-encoding"));
      const unmodified = asset.findUnmodified(ifNoneMatch, (coding) => weights[coding] > 0);
      if (unmodified !== undefined) return unmodified;
    }
    // A range is of the identity form, and HEAD has none (§14.2).
    const range = headers.get("range");
    if (range !== null && request.method === "GET") {
      const part = this.#respondRange(headers, asset, range);
      if (part !== undefined) return part;
    }
    return this.#respondWhole(request, asset);
  }

  /** Sends the form of a whole asset that suits the client best. */
  #respondWhole(request: Request, asset: Asset, send: Send = sendForm): Answer {
    if (!asset.isNegotiated) return this.#withIdentity(asset, (form) => send(request, form));
    const weights = parseAcceptEncoding(request.headers.get("accept-encoding"));
    const chosen = chooseForm(weights, this.variants.of(asset.file.sha256));
    if (chosen === undefined) return this.#plain(406, { vary: "Accept-Encoding" });
    if (chosen === "identity") return this.#withIdentity(asset, (form) => send(request, form));
    return send(request, asset.coded(chosen));
  }

  #respondRange(headers: Headers, asset: Asset, fieldValue: string): Answer | undefined {
    // Without dates, If-Range is one entity tag and compared strongly (§13.1.5).
    const ifRange = headers.get("if-range");
    if (ifRange !== null && ifRange.trim() !== asset.etag) return undefined;
    if (asset.isNegotiated && parseAcceptEncoding(headers.get("accept-encoding")).identity === 0)
      return undefined;
    const { size } = asset.file;
    const range = parseRange(fieldValue, size);
    if (range === undefined) return undefined;
    if (range === "unsatisfiable") return this.#plain(416, { "content-range": `bytes */${size}` });
    return this.#withIdentity(asset, ({ blob, response }) => {
      const fields = new Headers(response.headers);
      fields.set("content-range", `bytes ${range.start}-${range.end - 1}/${size}`);
      const part = new Response(blob.slice(range.start, range.end), { status: 206, headers: fields });
      return withBodySize(part, range.end - range.start);
    });
  }

  #respondUnknown(request: Request, path: string): Response | undefined | Promise<Response | undefined> {
    if (!isRead(request)) return undefined;
    if (this.#fallback !== undefined && wantsPage(request.headers.get("accept"), path)) {
      const answer = this.#respondAsset(request, this.#fallback);
      return answer instanceof Promise ? answer.then(varyByAccept) : varyByAccept(answer);
    }
    if (this.#notFoundPage === undefined) return undefined;
    const answer = this.#respondWhole(request, this.#notFoundPage, sendNotFound);
    return answer instanceof Promise ? answer.then(unlessFailed) : unlessFailed(answer);
  }

  /** Calls `send` with the identity form; where its bytes are not those of the release, answers 503 and warns. */
  #withIdentity(asset: Asset, send: (form: Form) => Response): Answer {
    try {
      const form = this.#bodies.of(asset);
      return form instanceof Promise
        ? form.then(send).catch((error) => this.#unavailable(asset, error))
        : send(form);
    } catch (error) {
      return this.#unavailable(asset, error);
    }
  }

  #unavailable({ file }: Asset, error: unknown): Response {
    if (!this.#warned.has(file)) {
      this.#warned.add(file);
      this.#warn(messageOf(error));
    }
    return this.#plain(503);
  }

  #plain(status: number, fields: Readonly<Record<string, string>> = {}): Response {
    return plainResponse(status, { ...this.#headers, ...fields });
  }
}

/** The files below `[assets] dir`, by their names inside it. */
function* filesOfAssets({ config, files }: SiteContent): Generator<[name: string, file: SiteFile]> {
  const prefix = `${config.assets.dir}/`;
  for (const [path, file] of files) if (path.startsWith(prefix)) yield [path.slice(prefix.length), file];
}

function sendForm({ method }: Request, { blob, response }: Form): Response {
  return method === "HEAD" ? headOf(response, blob) : withBodySize(response.clone() as Response, blob.size);
}

/** A page as the body of a 404: without what belongs to its own address, where it is a 200. */
function sendNotFound({ method }: Request, { blob, response }: Form): Response {
  const headers = new Headers(response.headers);
  headers.delete("etag");
  headers.delete("accept-ranges");
  headers.set("cache-control", "no-cache");
  const notFound = new Response(blob, { status: 404, headers });
  return method === "HEAD" ? headOf(notFound, blob) : withBodySize(notFound, blob.size);
}

/** Frameworks drop the body of an answer to HEAD, and the length with it unless it is a field. */
function headOf({ status, headers: fields }: Response, blob: Blob): Response {
  const headers = new Headers(fields);
  headers.set("content-length", String(blob.size));
  return new Response(null, { status, headers });
}

/** Where even the page for a 404 cannot be sent, the caller's plain 404 answers. */
function unlessFailed(answer: Response): Response | undefined {
  return answer.status === 404 ? answer : undefined;
}

function isRead({ method }: Request): boolean {
  return method === "GET" || method === "HEAD";
}

function queryOf({ url }: Request): string {
  const at = url.indexOf("?");
  return at === -1 ? "" : url.slice(at);
}

/**
 * Whether an application's page is the right answer to an unknown path: for whoever asks for HTML by name, and for
 * whoever takes anything where the path does not look like a file. A missing script must not be answered with HTML.
 */
function wantsPage(accept: string | null, path: string): boolean {
  const accepted = parseAccept(accept ?? "*/*").filter(({ q }) => q > 0);
  if (accepted.some(({ type }) => type.toLowerCase() === "text/html")) return true;
  const looksLikeFile = path.slice(path.lastIndexOf("/")).includes(".");
  return !looksLikeFile && accepted.some(({ type }) => type === "*/*" || type === "text/*");
}

function varyByAccept(response: Response): Response {
  response.headers.append("vary", "Accept");
  return response;
}
