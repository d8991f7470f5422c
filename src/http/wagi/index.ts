/** WAGI: commands that answer over CGI/1.1 on WASI preview 1. */
export { createWagiHandler, type WagiHandler, type WagiHandlerOptions } from "./wagi-handler.ts";
