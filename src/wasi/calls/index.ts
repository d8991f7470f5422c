/** Every host call of one guest, by name. */
import type { WasiHost } from "../host.ts";
import type { Layout } from "../layout.ts";
import { clockCalls } from "./clock.ts";
import { descriptorStatusCalls } from "./descriptor-status.ts";
import { directoryListingCalls } from "./directory-listing.ts";
import { fileStatusCalls } from "./file-status.ts";
import type { HostCalls } from "./host-calls.ts";
import { pathChangeCalls } from "./path-change.ts";
import { pathOpenCalls } from "./path-open.ts";
import { pathStatusCalls } from "./path-status.ts";
import { pollCalls } from "./poll.ts";
import { positionCalls } from "./position.ts";
import { processCalls } from "./process.ts";
import { readWriteCalls } from "./read-write.ts";
import { socketCalls } from "./socket.ts";

/** The calls of one guest, for the layout of one ABI. Pointers are checked in each; nothing throws. */
export function bindCalls(host: WasiHost, layout: Layout): HostCalls {
  return {
    ...processCalls(host),
    ...clockCalls(host),
    ...pollCalls(host, layout),
    ...readWriteCalls(host),
    ...positionCalls(host, layout),
    ...descriptorStatusCalls(host),
    ...fileStatusCalls(host, layout),
    ...directoryListingCalls(host),
    ...pathOpenCalls(host),
    ...pathStatusCalls(host, layout),
    ...pathChangeCalls(host),
    ...socketCalls(host),
  };
}
