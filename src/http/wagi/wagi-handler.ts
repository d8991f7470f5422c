/** A route whose requests are answered by a command that speaks CGI. */

import type { RouteConfig } from "../../config/index.ts";
import { messageOf } from "../../errors.ts";
import type { Instance, Pool } from "../../guest/index.ts";
import type { GuestLines } from "../../log/index.ts";
import type { Preopen } from "../../wasi/index.ts";
import { type Refusal, type RouteAdmission, refusalHeaders, type Verdict } from "../admission/index.ts";
import type { Call } from "../call.ts";
import { plainResponse } from "../plain-response.ts";
import { guestArguments } from "./arguments.ts";
import { guestEnvironment } from "./environment.ts";
import { Exchange } from "./exchange.ts";
import { HeadCache } from "./head-cache.ts";
import { openBody, type RefusedBody, type RequestBody } from "./request-body.ts";
import type { WagiRoute } from "./wagi-route.ts";

export interface WagiHandler {
  readonly handle: (call: Call) => Response | Promise<Response>;
}

export interface WagiHandlerOptions {
  readonly config: RouteConfig;
  readonly pool: Pool;
  /** What its requests have to pass. */
  readonly admission: RouteAdmission;
  /** The directories of one run. */
  readonly preopens: () => readonly Preopen[];
  /** Where the stderr of the route's guests goes. */
  readonly guestLines: GuestLines;
  /** Goes on every answer. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Makes the handler of a route. Never throws at a request: every failure is a plain response and a reason. */
export function createWagiHandler(options: WagiHandlerOptions): WagiHandler {
  const { config, pool, admission, preopens, guestLines, headers } = options;
  const scriptSegments = config.path.endsWith("/*") ? config.path.split("/").length - 2 : undefined;
  const route: WagiRoute = {
    timeoutMs: config.timeoutMs,
    idleMs: config.idleMs,
    bodyMaxBytes: config.bodyMaxBytes,
    admission,
    guestLines,
    headers,
    heads: new HeadCache(headers),
    preopens,
    args: ({ target }) => guestArguments(config.argv, target.path, target.query),
    environ: (call, contentLength) =>
      guestEnvironment({
        request: call.request,
        target: call.target,
        pattern: config.path,
        scriptSegments,
        siteEnv: config.env,
        address: call.address(),
        contentLength,
      }),
  };

  const giveBack = (instance: Instance, ticket: number, verdict: Verdict, nowMs: number): void => {
    pool.giveBack(instance);
    admission.leave(ticket, verdict, nowMs);
  };
  const run = (call: Call, instance: Instance, body: RequestBody): Response | Promise<Response> =>
    new Exchange(route, call, instance, body).start(giveBack);

  const turnAway = (call: Call, body: RequestBody, refused: Refusal): Response => {
    body.reader?.cancel().catch(() => {
      // The client is gone already.
    });
    call.reason = refused.reason;
    return plainResponse(refused.status, { ...refusalHeaders(refused), ...headers });
  };

  /** For a request that has a place. */
  const start = (call: Call, body: RequestBody): Response | Promise<Response> => {
    const instance = pool.acquire();
    if (!(instance instanceof Promise)) return run(call, instance, body);
    return instance.then(
      (made) => run(call, made, body),
      (error: unknown) => {
        admission.leave(call.ticket, "failure", performance.now());
        call.reason = messageOf(error);
        return plainResponse(502, headers);
      },
    );
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

function refuse(call: Call, refused: RefusedBody, headers: Readonly<Record<string, string>>): Response {
  call.reason = refused.reason;
  return plainResponse(refused.status, headers);
}
