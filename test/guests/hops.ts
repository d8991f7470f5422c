// ?n=3: a local redirect to itself, n times, and then an answer.
import { paramInt, print, respond } from "../../src/cli/templates/assemblyscript/cgi";

export function _start(): void {
  const left = paramInt("n", 0, 0, 1_000);
  if (left == 0) respond("text/plain", "arrived\n");
  else print("Location: /hops?n=" + (left - 1).toString() + "\n\n");
}
