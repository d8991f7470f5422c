/** WAGI: commands that answer over CGI/1.1 on WASI preview 1. */
export { GuestDirectories } from "./guest-directories.ts";
export { createWagiHandler, type WagiHandler, type WagiHandlerOptions } from "./wagi-handler.ts";
export type { UnderWay } from "./wagi-route.ts";
