/** The same guest through @wasmer/wasi: a WASI and an instance for each request, as its documentation has it. */
import { init, WASI } from "@wasmer/wasi";
import { cgiResponse, cgiVariables } from "./cgi.ts";

const [, , file = ""] = process.argv;
await init();
const module = new WebAssembly.Module(await Bun.file(file).bytes());
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  development: false,
  fetch: (request) => {
    const wasi = new WASI({ env: cgiVariables(request), args: [new URL(request.url).pathname] });
    wasi.instantiate(module, {});
    wasi.start();
    const response = cgiResponse(wasi.getStdoutBuffer());
    wasi.free();
    return response;
  },
});
console.log(`http://127.0.0.1:${server.port}`);
