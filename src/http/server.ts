/**
 * The data plane's listener: takes a request from Bun, finds its site, and sees to it that every request
 * ends in one response and one line in the log.
 */
import { messageOf } from "../errors.ts";
import { headerIdleSeconds } from "../limits.ts";
import type { GuestFailure, Logger } from "../log/index.ts";
import type { SiteAdmission, Tally } from "./admission/index.ts";
import { bodySizeOf } from "./body-size.ts";
import type { Call } from "./call.ts";
import { type CanarySplit, type Side, setCookie } from "./canary-split.ts";
import { clientAddress, type TrustedProxies } from "./client-address.ts";
import { clientNetwork } from "./client-network.ts";
import { redirectedCall } from "./local-redirect.ts";
import { plainResponse } from "./plain-response.ts";
import { parseTarget, type RequestTarget } from "./request-target.ts";
import type { SiteApp } from "./site-app.ts";
import type { SiteSlot, SiteTable } from "./site-table.ts";

export interface ServerOptions {
  readonly hostname: string;
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly sites: SiteTable;
  readonly logger: Logger;
  readonly trustedProxies: TrustedProxies;
}

export interface HttpServer {
  /** With the port that was really bound. */
  readonly url: string;
  /** Requests that are under way. */
  readonly pending: () => number;
  /** Stops accepting, finishes what is in flight for up to `graceMs`, then cuts it. */
  readonly stop: (graceMs: number) => Promise<void>;
}

type BunServer = ReturnType<typeof Bun.serve>;

/** Starts to listen. Throws what the system says when the address cannot be had. */
export function startServer(options: ServerOptions): HttpServer {
  const { hostname, port, tls, sites, logger, trustedProxies } = options;
  let draining = false;

  const server = Bun.serve({
    hostname,
    port,
    ...(tls === undefined ? {} : { tls }),
    development: false,
    // Bodies are bounded by each route, while they stream.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    idleTimeout: headerIdleSeconds,
    fetch: (request, bun) => serve(request, bun),
    error: (error) => {
      logger.log({ event: "problem", level: "error", code: "internal", message: messageOf(error) });
      return plainResponse(500);
    },
  });

  function serve(request: Request, bun: BunServer): Response | Promise<Response> {
    const call = new ServedCall(request, bun, trustedProxies, logger);
    const refused = call.findSite(sites);
    const answer = refused ?? call.site!.fetch(call);
    return answer instanceof Promise ? answer.then((response) => end(call, response)) : end(call, answer);
  }

  function end(call: ServedCall, response: Response): Response | Promise<Response> {
    if (call.localRedirect !== undefined) return follow(call, call.localRedirect);
    if (draining) response.headers.set("connection", "close");
    call.responded(response);
    return response;
  }

  /** Answers with another path of the same site, as if it had been asked for. */
  async function follow(call: ServedCall, location: string): Promise<Response> {
    const site = call.site!;
    const redirected = redirectedCall(call, location);
    return end(call, redirected === undefined ? site.plain(502) : await site.fetch(redirected));
  }

  return {
    url: `${tls === undefined ? "http" : "https"}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${server.port}`,
    pending: () => server.pendingRequests,
    stop: async (graceMs) => {
      draining = true;
      const timer = setTimeout(() => server.stop(true), graceMs);
      await server.stop();
      clearTimeout(timer);
    },
  };
}

/** A call as the server keeps it: it knows its site and writes its line when all of it is over. */
class ServedCall implements Call {
  readonly isProbe = false;
  readonly startedMs: number = performance.now();
  request: Request;
  target: RequestTarget = unusableTarget;
  site: SiteApp | undefined;
  slot: SiteSlot | undefined;
  route: string | null = null;
  guestMs: number | undefined = undefined;
  bytes = 0;
  bytesIn = 0;
  tally: Tally | null = null;
  ticket = 0;
  blame: boolean | undefined = undefined;

  failure: GuestFailure | undefined = undefined;
  reason: string | undefined = undefined;
  streams = false;
  localRedirect: string | undefined = undefined;
  redirects = 0;
  /** The request that Bun knows: a local redirect puts another in its place. */
  readonly #received: Request;
  readonly #bun: BunServer;
  readonly #proxies: TrustedProxies;
  readonly #logger: Logger;
  /** How long the head took, where somebody counts. */
  #headMs: number | undefined;
  /** Set while a release of the site is on trial. */
  #side: Side | undefined;
  /** Set while the request is in progress on its site. */
  #admission: SiteAdmission | undefined;
  #isKeptOpen = false;
  #status = 0;
  #over = false;

  constructor(request: Request, bun: BunServer, proxies: TrustedProxies, logger: Logger) {
    this.request = request;
    this.#received = request;
    this.#bun = bun;
    this.#proxies = proxies;
    this.#logger = logger;
  }

  /** Finds the site, or says with which response the request is refused. */
  findSite(sites: SiteTable): Response | undefined {
    const target = parseTarget(this.request.url);
    const host = this.request.headers.get("host");
    if (target === undefined || host === null || !usableHost.test(host)) {
      this.reason = `no usable Host header: ${JSON.stringify(host)}`;
      return plainResponse(400);
    }
    this.target = target;
    const slot = sites.find(target.authority);
    if (slot === undefined) {
      this.reason = `no site has the host ${JSON.stringify(host)}`;
      return plainResponse(421);
    }
    this.slot = slot;
    const app = slot.trial === undefined ? slot.current : this.#chooseSide(slot.current, slot.trial);
    const refused = slot.admission.begin(this);
    if (refused !== undefined) {
      this.reason = refused.reason;
      return app.turnAway(refused);
    }
    this.#admission = slot.admission;
    this.site = app;
    app.enter();
    // While the connection is there: afterwards nobody knows its address.
    app.health?.began(clientNetwork(this.address()));
    return undefined;
  }

  #chooseSide(current: SiteApp, trial: CanarySplit): SiteApp {
    this.#side = trial.side(this);
    return this.#side.isCanary ? trial.app : current;
  }

  address(): string {
    return clientAddress(this.request, this.#bun.requestIP(this.#received)?.address, this.#proxies);
  }

  keepOpen(): void {
    this.#isKeptOpen = true;
    this.#bun.timeout(this.#received, 0);
  }

  /** The response is on its way. */
  responded(response: Response): void {
    this.#status = response.status;
    if (this.#side?.cookie !== undefined) setCookie(response, this.#side.cookie);
    if (this.site?.health !== undefined) this.#headMs = performance.now() - this.startedMs;
    // Bodies of assets and of our own words; those of guests are counted by their handler.
    if (this.bytes === 0 && this.request.method !== "HEAD") this.bytes = bodySizeOf(response);
    if (!this.streams || this.#over) this.#log();
  }

  /** It is over for its site. */
  #leave(): void {
    // Bun would keep the connection without a limit, also for what is still unsent and for the time after.
    if (this.#isKeptOpen) this.#bun.timeout(this.#received, headerIdleSeconds);
    this.tally?.add(this.#status, this.bytesIn, this.bytes);
    this.slot?.admission.tally.add(this.#status, this.bytesIn, this.bytes);
    this.#admission?.end();
    if (this.site === undefined) return;
    // What was turned away for lack of room says nothing about the release, neither good nor bad.
    if (this.blame !== false || this.#status < 500)
      this.site.count(this.blame ?? this.#status >= 500, this.#headMs);
    this.site.leave();
  }

  ended(): void {
    this.#over = true;
    if (this.#status !== 0) this.#log();
  }

  #log(): void {
    this.#leave();
    const logger = this.#logger;
    // A guest that fails after its head has failed all the same.
    if (!logger.takesRequest(this.failure === undefined ? this.#status : 500)) return;
    logger.request({
      event: "request",
      site: this.slot?.name ?? null,
      route: this.route,
      release: this.site?.release ?? null,
      method: this.request.method,
      path: this.target === unusableTarget ? this.request.url : this.target.path,
      status: this.#status,
      bytes: this.bytes,
      ms: performance.now() - this.startedMs,
      ...(this.guestMs === undefined ? {} : { guestMs: this.guestMs }),
      ...(this.failure === undefined ? {} : { failure: this.failure }),
      ...(this.reason === undefined ? {} : { reason: this.reason }),
    });
  }
}

/** One name, IPv4 address or bracketed IPv6 address, with or without a port. Two Host fields arrive joined by a comma. */
const usableHost = /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;

const unusableTarget: RequestTarget = { authority: "", path: "/", query: "", scheme: "http" };
