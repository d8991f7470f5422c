// The whole environment, one NAME=value a line, sorted.
import { environ, respond } from "../../src/cli/templates/assemblyscript/cgi";

export function _start(): void {
  const all = environ();
  all.sort();
  respond("text/plain; charset=utf-8", all.join("\n") + "\n");
}
