/** One release of a site, ready to answer: routes that end in guests, and assets behind them. */
import { invariant, messageOf } from "../errors.ts";
import type { PoolStatus } from "../guest/index.ts";
import { variantsDelayMs } from "../limits.ts";
import { type Refusal, type RouteAdmissionStatus, refusalHeaders } from "./admission/index.ts";
import { type Assets, createAssets } from "./assets/index.ts";
import type { Call } from "./call.ts";
import type { SiteContent } from "./content.ts";
import { Pace } from "./pace.ts";
import { plainResponse } from "./plain-response.ts";
import { RecentFailures } from "./recent-failures.ts";
import type { ReleaseHealth } from "./release-health.ts";
import { decodePath } from "./request-target.ts";
import { type RouteSurroundings, SiteRouter } from "./site-router.ts";
import type { UnderWay } from "./wagi/index.ts";

export interface SiteAppOptions extends Omit<RouteSurroundings, "underWay"> {
  /** The release before, whose assets' coded forms are taken over where they did not change. */
  readonly previous?: SiteApp | undefined;
}

/** What `/v1/status` tells of a route. */
export interface RouteStatus extends RouteAdmissionStatus {
  readonly path: string;
  readonly methods: readonly string[];
}

/** What is built for a release before it can answer. */
interface Built {
  readonly assets: Assets;
  readonly router: SiteRouter;
  readonly underWay: ReadonlySet<UnderWay>;
}

export class SiteApp {
  readonly content: SiteContent;
  /** Counts while somebody watches how the release does. */
  health: ReleaseHealth | undefined;
  /** Always counted. */
  readonly recent: RecentFailures = new RecentFailures();
  readonly #options: SiteAppOptions;
  readonly #assets: Assets;
  readonly #router: SiteRouter;
  readonly #underWay: ReadonlySet<UnderWay>;
  #busy = 0;
  /** Whether requests are expected: its release answers, or is on trial. */
  #isExpecting = false;
  /** Set when no request comes any more: called when the last one is over. */
  #freed: (() => void) | undefined;

  private constructor(options: SiteAppOptions, { assets, router, underWay }: Built) {
    this.content = options.content;
    this.#options = options;
    this.#assets = assets;
    this.#router = router;
    this.#underWay = underWay;
  }

  /** Builds what answers, in pieces, between which other requests are answered. */
  static async create({ previous, ...options }: SiteAppOptions): Promise<SiteApp> {
    const { content, headers } = options;
    const made = previous === undefined ? undefined : previous.#assets;
    const warn = warner(options);
    const pace = new Pace();
    const assets = await createAssets(content, { headers, previous: made, warn }, pace);
    const underWay = new Set<UnderWay>();
    const router = await SiteRouter.create({ ...options, underWay }, pace);
    // At its start a node has nobody to keep waiting, and hurries.
    if (previous !== undefined) await router.prepare(pace);
    return new SiteApp(options, { assets, router, underWay });
  }

  /** First 12 hexadecimal digits of the content digest, as in x-emend-release. */
  get release(): string {
    return this.content.digest.slice(7, 19);
  }

  /** Answers a request. Never rejects. Whoever calls says `leave` when the response is over. */
  fetch(call: Call): Response | Promise<Response> {
    if (decodePath(call.target.path) === undefined) {
      call.reason = "a bad escape in the path";
      return this.plain(400);
    }
    try {
      const answer = this.#answer(call);
      const isHead = call.request.method === "HEAD";
      if (!(answer instanceof Promise)) return isHead ? headOf(answer) : answer;
      const settled = answer.catch((error: unknown) => this.#failed(error, call));
      return isHead ? settled.then(headOf) : settled;
    } catch (error) {
      return this.#failed(error, call);
    }
  }

  /** An answer of emend's own, in the name of this release. */
  plain(status: number): Response {
    return plainResponse(status, this.#options.headers);
  }

  /** What a request is told that the site does not let in. */
  turnAway(refused: Refusal): Response {
    return plainResponse(refused.status, { ...refusalHeaders(refused), ...this.#options.headers });
  }

  /** A request begins on this release. */
  enter(): void {
    this.#busy++;
  }

  /** How a request ended, and how long its head took where somebody counts. */
  count(failed: boolean, headMs: number | undefined): void {
    this.recent.add(failed);
    this.health?.ended(failed, headMs);
  }

  /** A request is over, its body included. */
  leave(): void {
    this.#busy--;
    if (this.#busy === 0 && this.#freed !== undefined) this.#free(this.#freed);
  }

  /** Requests come from now on. Coded forms of assets are made in the background, once the first ones are through. */
  expect(): void {
    this.#isExpecting = true;
    for (const pool of this.#options.pools.values()) pool.wake();
    const timer = setTimeout(() => this.#makeVariants(), variantsDelayMs);
    timer.unref();
  }

  /** Requests come no more, but may again: idle guests go, the rest stays as it is. */
  standBy(): void {
    this.#isExpecting = false;
    for (const pool of this.#options.pools.values()) pool.rest();
  }

  /** No request comes ever again: when the last one is over, all goes, and `freed` is called. */
  retire(freed: () => void): void {
    invariant(this.#freed === undefined, "a release is retired once");
    this.standBy();
    this.#freed = freed;
    if (this.#busy === 0) this.#free(freed);
  }

  /** Ends the requests that still go on. */
  cut(reason: string): void {
    for (const each of [...this.#underWay]) each.cut(reason);
  }

  #makeVariants(): void {
    if (!this.#isExpecting) return;
    this.#assets.makeVariants().catch((error: unknown) => {
      const { logger, site } = this.#options;
      logger.log({ event: "problem", level: "warning", code: "assets", message: messageOf(error), site });
    });
  }

  /** The pools by module. */
  status(): Record<string, PoolStatus> {
    return Object.fromEntries([...this.#options.pools].map(([path, pool]) => [path, pool.status]));
  }

  /** The routes, in the order in which they are tried. */
  routes(nowMs: number): RouteStatus[] {
    return this.#router.routes.map(({ path, methods, admission }) => ({
      path,
      methods: [...methods],
      ...admission.status(nowMs),
    }));
  }

  #free(freed: () => void): void {
    this.#assets[Symbol.dispose]();
    for (const pool of this.#options.pools.values()) pool[Symbol.dispose]();
    freed();
  }

  #answer(call: Call): Response | Promise<Response> {
    const target = this.#router.find(routingPath(call.target.path));
    if (target === undefined) return this.#respondAsset(call);
    call.route = target.path;
    const { method } = call.request;
    const route = target.routes.find((each) => each.methods.has(method));
    if (route !== undefined) {
      call.tally = route.admission.tally;
      return (call.isProbe ? route.probeHandler() : route.handler).handle(call);
    }
    return plainResponse(405, { allow: target.allow, ...this.#options.headers });
  }

  #respondAsset(call: Call): Response | Promise<Response> {
    const answer = this.#assets.respond(call.request, call.target.path);
    if (answer instanceof Promise) return answer.then((response) => response ?? this.plain(404));
    return answer ?? this.plain(404);
  }

  #failed(error: unknown, call: Call): Response {
    call.reason = `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    return this.plain(500);
  }
}

/**
 * Tells of files that can no longer be answered. Made here and not in `create`: the engine keeps for a closure all
 * variables of the async function that it was made in, and so the release before, and the one before that.
 */
function warner({ logger, site }: Pick<RouteSurroundings, "logger" | "site">): (message: string) => void {
  return (message) =>
    logger.log({ event: "problem", level: "warning", code: "release.changed", message, site });
}

/**
 * What a client is told that asked with HEAD: no body. Bun makes `Content-Length: 0` of that, so where the length is
 * not known, a body that is never read keeps it from saying so.
 */
function headOf(response: Response): Response {
  const { status, headers } = response;
  const isKnown = status === 204 || status === 304 || headers.has("content-length");
  const body = isKnown ? null : new ReadableStream({ pull: () => new Promise<void>(() => {}) });
  return new Response(body, { status, headers });
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
