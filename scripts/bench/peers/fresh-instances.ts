/**
 * The same guest in a new instance for each request, through emend's own host. Sixteen more instances are alive
 * throughout, as on any node with a few routes: JavaScriptCore's first eight memories are cheaper than all others.
 */
import { compileCommand, Instance } from "../../../src/guest/index.ts";
import { discardOutput, emptyInput } from "../../../src/wasi/index.ts";
import { cgiResponse, cgiVariables } from "./cgi.ts";

const [, , file = ""] = process.argv;
const compiled = await compileCommand(await Bun.file(file).bytes(), file);
const others = await Promise.all(Array.from({ length: 16 }, () => Instance.create(compiled)));
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  development: false,
  fetch: async (request) => {
    const written: Uint8Array[] = [];
    const instance = await Instance.create(compiled);
    await instance.run({
      args: () => [new URL(request.url).pathname],
      environ: () => Object.entries(cgiVariables(request)).map(([name, value]) => `${name}=${value}`),
      stdin: emptyInput,
      stdout: {
        ...discardOutput,
        write: (bytes, start, end) => {
          written.push(bytes.slice(start, end));
          return end - start;
        },
      },
      stderr: discardOutput,
      preopens: () => [],
    });
    return cgiResponse(Buffer.concat(written));
  },
});
console.log(`http://127.0.0.1:${server.port}`);
process.on("SIGTERM", () => process.exit(others.length > 0 ? 0 : 1));
