/** WAGI: commands that answer over CGI/1.1 on WASI preview 1. */
export { guestDirectories } from "./guest-directories.ts";
export { createWagiHandler, type WagiHandler, type WagiHandlerOptions } from "./wagi-handler.ts";
export type { UnderWay } from "./wagi-route.ts";
