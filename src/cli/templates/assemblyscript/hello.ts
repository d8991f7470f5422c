// Answers GET /hello?name=Ada. Change it, run `npm run build`, and reload the page.
import { param, respond } from "./cgi";

export function _start(): void {
  const name = param("name", "world");
  respond(
    "text/plain; charset=utf-8",
    "Hello, " + name + "!\n" + "I am a WebAssembly handler written in AssemblyScript.\n",
  );
}
