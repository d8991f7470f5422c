/** A route whose requests are answered by a command that speaks CGI. */

import type { RouteConfig } from "../../config/index.ts";
import { EmendError, messageOf } from "../../errors.ts";
import type { Guest, GuestSite, Pool } from "../../guest/index.ts";
import type { GuestLines } from "../../log/index.ts";
import type { Preopen } from "../../wasi/index.ts";
import {
  type Refusal,
  type RouteAdmission,
  refusal,
  refusalHeaders,
  type Verdict,
} from "../admission/index.ts";
import type { Call } from "../call.ts";
import { plainResponse } from "../plain-response.ts";
import { guestArguments } from "./arguments.ts";
import { guestEnvironment } from "./environment.ts";
import { Exchange } from "./exchange.ts";
import { HeadCache } from "./head-cache.ts";
import { openBody, type RefusedBody, type RequestBody } from "./request-body.ts";
import type { UnderWay, WagiRoute } from "./wagi-route.ts";

export interface WagiHandler {
  readonly handle: (call: Call) => Response | Promise<Response>;
}

export interface WagiHandlerOptions {
  readonly config: RouteConfig;
  readonly pool: Pool;
  /** What it shares with the other guests of the site. */
  readonly site: GuestSite;
  /** What its requests have to pass. */
  readonly admission: RouteAdmission;
  /** The directories of one run. */
  readonly preopens: () => readonly Preopen[];
  /** Where those of its requests are kept that do not end at once. */
  readonly underWay: Set<UnderWay>;
  /** Where the stderr of the route's guests goes. */
  readonly guestLines: GuestLines;
  /** Goes on every answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether answers tell what they cost. */
  readonly showsCost: boolean;
}

/** Makes the handler of a route. Never throws at a request: every failure is a plain response and a reason. */
export function createWagiHandler(options: WagiHandlerOptions): WagiHandler {
  const { config, pool, site, admission, preopens, underWay, guestLines, headers, showsCost } = options;
  const probeEnv = { ...config.env, EMEND_PROBE: "1" };
  const scriptSegments = config.path.endsWith("/*") ? config.path.split("/").length - 2 : undefined;
  const route: WagiRoute = {
    timeoutMs: config.timeoutMs,
    idleMs: config.idleMs,
    cpuMs: config.cpuMs,
    memoryBytesMax: config.memoryBytesMax,
    showsCost,
    bodyMaxBytes: config.bodyMaxBytes,
    admission,
    guestLines,
    headers,
    heads: new HeadCache(headers),
    preopens,
    underWay,
    args: ({ target }) => guestArguments(config.argv, target.path, target.query),
    environ: (call, contentLength) =>
      guestEnvironment({
        request: call.request,
        target: call.target,
        pattern: config.path,
        scriptSegments,
        siteEnv: call.isProbe ? probeEnv : config.env,
        address: call.address(),
        contentLength,
      }),
  };

  const giveBack = (guest: Guest, ticket: number, verdict: Verdict, nowMs: number): void => {
    try {
      pool.giveBack(guest);
    } finally {
      admission.leave(ticket, verdict, nowMs);
    }
  };
  const run = (call: Call, guest: Guest, body: RequestBody): Response | Promise<Response> =>
    new Exchange(route, call, guest, body).start(giveBack);

  const turnAway = (call: Call, body: RequestBody, refused: Refusal): Response => {
    body.reader?.cancel().catch(ignore);
    call.reason = refused.reason;
    call.blame = refused.blame;
    return plainResponse(refused.status, { ...refusalHeaders(refused), ...headers });
  };

  /** For a request that has a place, and the thread. */
  const begin = (call: Call, body: RequestBody): Response | Promise<Response> => {
    const guest = pool.acquire();
    if (!(guest instanceof Promise)) return run(call, guest, body);
    return guest.then(
      (made) => run(call, made, body),
      (error: unknown) => {
        const isFull = error instanceof EmendError && error.code === "guest.memory";
        admission.leave(call.ticket, isFull ? "neutral" : "failure", performance.now());
        if (isFull) {
          admission.shed();
          return turnAway(call, body, refusal(503, messageOf(error), 0));
        }
        call.reason = messageOf(error);
        return plainResponse(502, headers);
      },
    );
  };

  /** For a request that has a place. */
  const start = (call: Call, body: RequestBody): Response | Promise<Response> => {
    const { scheduler, share } = site;
    if (scheduler.isFree(share)) return begin(call, body);
    call.keepOpen();
    return new Promise((resolve) => {
      scheduler.wait({
        share,
        deadlineMs: call.startedMs + config.timeoutMs,
        takeTurn: () => {
          const response = begin(call, body);
          resolve(response);
          return !(response instanceof Promise);
        },
        expire: () => {
          admission.leave(call.ticket, "neutral", performance.now());
          body.reader?.cancel().catch(ignore);
          call.blame = false;
          call.reason = `over timeout_ms: no turn on the thread in ${config.timeoutMs} ms`;
          resolve(plainResponse(504, headers));
        },
      });
    });
  };

  const admit = (call: Call, body: RequestBody): Response | Promise<Response> => {
    const refused = admission.enter(call);
    if (refused === undefined) return start(call, body);
    if (!(refused instanceof Promise)) return turnAway(call, body, refused);
    return refused.then((late) => (late === undefined ? start(call, body) : turnAway(call, body, late)));
  };

  return {
    handle: (call) => {
      const body = openBody(call.request, config);
      // A body that is collected first holds no place meanwhile: slow clients take none from others.
      if (body instanceof Promise) {
        return body.then((opened) =>
          "status" in opened ? refuse(call, opened, headers) : admit(call, opened),
        );
      }
      return "status" in body ? refuse(call, body, headers) : admit(call, body);
    },
  };
}

function ignore(): void {
  // The client is gone already.
}

function refuse(call: Call, refused: RefusedBody, headers: Readonly<Record<string, string>>): Response {
  call.reason = refused.reason;
  // Who is slow to send is not the release's fault, though it is a 504.
  call.blame = false;
  return plainResponse(refused.status, headers);
}
