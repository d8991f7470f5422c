/**
 * Asks a release for something as a client would, before any client does: through the whole of its routes, guests and
 * assets, but past rates and places, and counted nowhere. Guests see EMEND_PROBE=1.
 */
import type { ProbeConfig } from "../config/index.ts";
import { EmendError } from "../errors.ts";
import type { Call } from "./call.ts";
import { redirectedCall } from "./local-redirect.ts";
import { parseTarget, type RequestTarget } from "./request-target.ts";
import type { SiteApp } from "./site-app.ts";

export interface ProbeRequest {
  /** The route that has the probe, for the error. */
  readonly route: string;
  readonly probe: ProbeConfig;
  /** The host that is asked, where the probe's headers name none. */
  readonly host: string;
  /** How long the body is read; what goes on then was good so far. The head has the limit of whichever route answers. */
  readonly timeoutMs: number;
}

/**
 * Asks once. Resolves when the answer is good, and its body over or its time up.
 *
 * @throws EmendError `probe.failed`, naming the route, what was expected, what came, and why as far as it is known.
 */
export async function runProbe(app: SiteApp, { route, probe, host, timeoutMs }: ProbeRequest): Promise<void> {
  const { method, path, status, headers } = probe;
  const fail = (got: string, reason: string | undefined): EmendError => {
    const why = reason === undefined ? "" : ` (${reason})`;
    const expected = `expected a status from ${status[0]} to ${status[1]}`;
    return new EmendError("probe.failed", `route ${route}: ${method} ${path}: ${expected}, got ${got}${why}`);
  };
  const gone = new AbortController();
  const url = `http://${headers.host ?? host}${path}`;
  const target = parseTarget(url);
  if (target === undefined) throw fail("no request at all", `${url} cannot be asked for`);
  const call = new ProbeCall(new Request(url, { method, headers, signal: gone.signal }), target);
  let timer: ReturnType<typeof setTimeout> | undefined;
  app.enter();
  try {
    const response = await answered(app, call);
    if (response.status < status[0] || response.status > status[1]) {
      throw fail(`${response.status}`, call.reason);
    }
    timer = setTimeout(() => gone.abort(), timeoutMs);
    await readBody(response, method, gone.signal).catch((error: unknown) => {
      throw fail("a body that broke off", call.reason ?? String(error));
    });
    if (call.blame === true) throw fail("a body that broke off", call.reason);
  } finally {
    clearTimeout(timer);
    gone.abort();
    await call.over();
    app.leave();
  }
}

/** Follows local redirects, as the server does. */
async function answered(app: SiteApp, call: ProbeCall): Promise<Response> {
  let response = await app.fetch(call);
  while (call.localRedirect !== undefined) {
    const redirected = redirectedCall(call, call.localRedirect);
    if (redirected === undefined) return app.plain(502);
    response = await app.fetch(redirected);
  }
  return response;
}

/** HEAD has none, though there may be one that nobody is meant to read. */
async function readBody({ body }: Response, method: string, gone: AbortSignal): Promise<void> {
  if (body === null || method === "HEAD") return;
  const reader = body.getReader();
  const cancel = (): void => void reader.cancel().catch(ignore);
  gone.addEventListener("abort", cancel);
  try {
    while (!(await reader.read()).done);
  } finally {
    gone.removeEventListener("abort", cancel);
  }
}

function ignore(): void {
  // It has ended already.
}

class ProbeCall implements Call {
  readonly isProbe = true;
  readonly startedMs: number = performance.now();
  request: Request;
  target: RequestTarget;
  route: string | null = null;
  guestMs: number | undefined = undefined;
  bytes = 0;
  bytesIn = 0;
  tally: null = null;
  ticket = 0;
  blame: boolean | undefined = undefined;
  failure: Call["failure"] = undefined;
  reason: string | undefined = undefined;
  streams = false;
  localRedirect: string | undefined = undefined;
  redirects = 0;
  readonly #ended = Promise.withResolvers<void>();

  constructor(request: Request, target: RequestTarget) {
    this.request = request;
    this.target = target;
  }

  address(): string {
    return "127.0.0.1";
  }

  keepOpen(): void {
    // There is no connection.
  }

  ended(): void {
    this.#ended.resolve();
  }

  /** Resolves when nothing of the answer goes on any more. */
  async over(): Promise<void> {
    if (this.streams) await this.#ended.promise;
  }
}
