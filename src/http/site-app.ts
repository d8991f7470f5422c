/** One release of a site, ready to answer: a Hono app whose routes end in guests, and assets behind them. */
import { Hono } from "hono";
import { messageOf } from "../errors.ts";
import type { Pool, PoolStatus } from "../guest/index.ts";
import { variantsDelayMs } from "../limits.ts";
import type { Logger } from "../log/index.ts";
import { type Assets, createAssets } from "./assets/index.ts";
import type { Call } from "./call.ts";
import type { SiteContent } from "./content.ts";
import { plainResponse } from "./plain-response.ts";
import { decodePath } from "./request-target.ts";
import { methodsOf, type RouteEntry, sortRoutes } from "./route-table.ts";
import { createWagiHandler, type WagiHandler } from "./wagi/index.ts";

export interface SiteAppOptions {
  readonly site: string;
  readonly content: SiteContent;
  /** A pool for each module that a route names, by path. */
  readonly pools: ReadonlyMap<string, Pool>;
  readonly logger: Logger;
  /** Goes on every answer, such as x-emend-release. */
  readonly headers: Readonly<Record<string, string>>;
  /** The release before, whose assets' coded forms are taken over where they did not change. */
  readonly previous?: SiteApp | undefined;
}

/** A handler with the methods that it answers. */
interface BoundRoute {
  readonly methods: ReadonlySet<string>;
  readonly handler: WagiHandler;
}

export class SiteApp {
  readonly content: SiteContent;
  readonly #options: SiteAppOptions;
  readonly #assets: Assets;
  readonly #app: Hono<{ Bindings: Call }>;
  #busy = 0;
  #retired = false;

  constructor(options: SiteAppOptions) {
    this.content = options.content;
    this.#options = options;
    this.#assets = createAssets(options.content, {
      headers: options.headers,
      previous: options.previous === undefined ? undefined : options.previous.#assets,
      warn: (message) =>
        options.logger.log({
          event: "problem",
          level: "warning",
          code: "release.changed",
          message,
          site: options.site,
        }),
    });
    this.#app = this.#buildApp();
  }

  /** First 12 hexadecimal digits of the content digest, as in x-emend-release. */
  get release(): string {
    return this.content.digest.slice(7, 19);
  }

  /** Answers a request. Never rejects. Whoever calls says `leave` when the response is over. */
  fetch(call: Call): Response | Promise<Response> {
    if (decodePath(call.target.path) === undefined) {
      call.reason = "a bad escape in the path";
      return plainResponse(400, this.#options.headers);
    }
    const answer = this.#app.fetch(call.request, call);
    if (call.request.method !== "HEAD") return answer;
    return answer instanceof Promise ? answer.then(headResponse) : headResponse(answer);
  }

  /** A request begins on this release. */
  enter(): void {
    this.#busy++;
  }

  /** A request is over, its body included. */
  leave(): void {
    this.#busy--;
    if (this.#retired && this.#busy === 0) this.#free();
  }

  /** No new request comes: what the release holds is freed when the last one is over. */
  retire(): void {
    this.#retired = true;
    if (this.#busy === 0) this.#free();
  }

  /** Makes the coded forms of assets in the background, once the first requests after the commit are through. */
  warm(): void {
    const timer = setTimeout(() => this.#makeVariants(), variantsDelayMs);
    timer.unref();
  }

  #makeVariants(): void {
    if (this.#retired) return;
    this.#assets.makeVariants().catch((error: unknown) => {
      const { logger, site } = this.#options;
      logger.log({ event: "problem", level: "warning", code: "assets", message: messageOf(error), site });
    });
  }

  /** The pools by module. */
  status(): Record<string, PoolStatus> {
    return Object.fromEntries([...this.#options.pools].map(([path, pool]) => [path, pool.status]));
  }

  #free(): void {
    this.#assets[Symbol.dispose]();
    for (const pool of this.#options.pools.values()) pool[Symbol.dispose]();
  }

  #buildApp(): Hono<{ Bindings: Call }> {
    const app = new Hono<{ Bindings: Call }>({
      getPath: (_, options) => routingPath(options?.env?.target.path ?? "/"),
    });
    for (const entry of sortRoutes(this.content.config.routes)) {
      const routes = this.#bind(entry);
      const allow = [...new Set(routes.flatMap((route) => [...route.methods]))].join(", ");
      app.all(entry.path, ({ env: call }) => {
        call.route = entry.path;
        const { method } = call.request;
        const route = routes.find((each) => each.methods.has(method));
        return route === undefined
          ? plainResponse(405, { allow, ...this.#options.headers })
          : route.handler.handle(call);
      });
    }
    app.notFound(({ env: call }) => this.#respondAsset(call));
    app.onError((error, { env: call }) => this.#failed(error, call));
    return app;
  }

  #bind(entry: RouteEntry): BoundRoute[] {
    const { logger, pools, site, headers } = this.#options;
    return entry.routes.map((config) => {
      const pool = pools.get(config.module);
      if (pool === undefined) throw new Error(`no pool for ${config.module}`);
      const handler = createWagiHandler({
        config,
        pool,
        headers,
        guestLines: logger.guestLines(site, config.path),
      });
      return { methods: new Set(methodsOf(config)), handler };
    });
  }

  #respondAsset(call: Call): Response | Promise<Response> {
    const answer = this.#assets.respond(call.request, call.target.path);
    if (answer instanceof Promise) return answer.then((response) => response ?? this.#notFound());
    return answer ?? this.#notFound();
  }

  #notFound(): Response {
    return plainResponse(404, this.#options.headers);
  }

  #failed(error: unknown, call: Call): Response {
    call.reason = `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    return plainResponse(500, this.#options.headers);
  }
}

/**
 * What a client is told that asked with HEAD. Hono drops bodies, and Bun makes `Content-Length: 0` of no body:
 * where the length is not known, a body that is never read keeps it from saying so.
 */
function headResponse(response: Response): Response {
  const { status, headers } = response;
  if (status === 204 || status === 304 || headers.has("content-length")) return response;
  return new Response(new ReadableStream({ pull: () => new Promise(() => {}) }), { status, headers });
}

/** The path that routes are matched against: decoded as far as it is UTF-8, %2F left alone. */
function routingPath(path: string): string {
  if (!path.includes("%")) return path;
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
