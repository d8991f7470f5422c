/** A route whose requests are answered by a command that speaks CGI. */

import type { RouteConfig } from "../../config/index.ts";
import { EmendError, messageOf } from "../../errors.ts";
import type { Instance, Pool } from "../../guest/index.ts";
import type { GuestLines } from "../../log/index.ts";
import type { Preopen } from "../../wasi/index.ts";
import type { Call } from "../call.ts";
import { ConcurrencyGate } from "../concurrency-gate.ts";
import { plainResponse } from "../plain-response.ts";
import { guestArguments } from "./arguments.ts";
import { guestEnvironment } from "./environment.ts";
import { Exchange } from "./exchange.ts";
import { HeadCache } from "./head-cache.ts";
import { openBody, type RefusedBody, type RequestBody } from "./request-body.ts";
import type { WagiRoute } from "./wagi-route.ts";

export interface WagiHandler {
  readonly gate: ConcurrencyGate;
  readonly handle: (call: Call) => Response | Promise<Response>;
}

export interface WagiHandlerOptions {
  readonly config: RouteConfig;
  readonly pool: Pool;
  /** The directories of one run. */
  readonly preopens: () => readonly Preopen[];
  /** Where the stderr of the route's guests goes. */
  readonly guestLines: GuestLines;
  /** Goes on every answer. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Makes the handler of a route. Never throws at a request: every failure is a plain response and a reason. */
export function createWagiHandler(options: WagiHandlerOptions): WagiHandler {
  const { config, pool, preopens, guestLines, headers } = options;
  const gate = new ConcurrencyGate(config.maxConcurrency);
  const scriptSegments = config.path.endsWith("/*") ? config.path.split("/").length - 2 : undefined;
  const route: WagiRoute = {
    timeoutMs: config.timeoutMs,
    idleMs: config.idleMs,
    bodyMaxBytes: config.bodyMaxBytes,
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

  const giveBack = (instance: Instance): void => {
    pool.giveBack(instance);
    gate.leave();
  };
  const run = (call: Call, instance: Instance, body: RequestBody): Response | Promise<Response> =>
    new Exchange(route, call, instance, body).start(giveBack);

  /** The way of a request that has to wait for its body, for room or for an instance. */
  const handleSlowly = async (
    call: Call,
    body: RequestBody | RefusedBody | Promise<RequestBody | RefusedBody>,
    room: Promise<void> | undefined,
    instance: Promise<Instance> | undefined,
  ): Promise<Response> => {
    let admitted = room === undefined;
    try {
      await room;
      admitted = true;
      const opened = await body;
      if ("status" in opened) {
        if (instance !== undefined) pool.giveBack(await instance);
        gate.leave();
        return refuse(call, opened, headers);
      }
      return await run(call, await (instance ?? pool.acquire()), opened);
    } catch (error) {
      if (admitted) gate.leave();
      call.reason = messageOf(error);
      const busy = error instanceof EmendError && error.code === "guest.busy";
      return busy ? plainResponse(503, { "retry-after": "1", ...headers }) : plainResponse(502, headers);
    }
  };

  return {
    gate,
    handle: (call) => {
      const body = openBody(call.request, config);
      if ("status" in body) return refuse(call, body, headers);
      const room = gate.enter(config.timeoutMs);
      if (room !== undefined || body instanceof Promise) return handleSlowly(call, body, room, undefined);
      const instance = pool.acquire();
      return instance instanceof Promise
        ? handleSlowly(call, body, undefined, instance)
        : run(call, instance, body);
    },
  };
}

function refuse(call: Call, refused: RefusedBody, headers: Readonly<Record<string, string>>): Response {
  call.reason = refused.reason;
  return plainResponse(refused.status, headers);
}
