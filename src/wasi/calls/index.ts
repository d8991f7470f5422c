/** Every host call of one guest, by name. */
import type { WasiHost } from "../host.ts";
import type { Layout } from "../layout.ts";
import { clockCalls } from "./clock.ts";
import { descriptorCalls } from "./descriptor-calls.ts";
import type { HostCalls } from "./host-calls.ts";
import { pollCalls } from "./poll.ts";
import { processCalls } from "./process.ts";

/** The calls of one guest, for the layout of one ABI. Pointers are checked in each; nothing throws. */
export function bindCalls(host: WasiHost, layout: Layout): HostCalls {
  return {
    ...processCalls(host),
    ...clockCalls(host),
    ...pollCalls(host, layout),
    ...descriptorCalls(host, layout),
  };
}
