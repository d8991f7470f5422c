/** A WAGI route as its exchanges see it. */
import type { GuestLines } from "../../log/index.ts";
import type { Preopen } from "../../wasi/index.ts";
import type { RouteAdmission } from "../admission/index.ts";
import type { Call } from "../call.ts";
import type { HeadCache } from "./head-cache.ts";

/** A request that is under way while others run. */
export interface UnderWay {
  /** Ends it, and its guest. */
  cut(reason: string): void;
}

/** What an exchange needs to know of its route. */
export interface WagiRoute {
  readonly timeoutMs: number;
  readonly idleMs: number;
  readonly cpuMs: number;
  readonly memoryBytesMax: number;
  /** Whether answers tell what they cost. */
  readonly showsCost: boolean;
  readonly bodyMaxBytes: number;
  readonly admission: RouteAdmission;
  readonly guestLines: GuestLines;
  /** Goes on every answer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly heads: HeadCache;
  /** Requests of the release whose guests wait, or have waited. */
  readonly underWay: Set<UnderWay>;
  readonly preopens: () => readonly Preopen[];
  readonly args: (call: Call) => readonly string[];
  readonly environ: (call: Call, contentLength: string) => readonly string[];
}
