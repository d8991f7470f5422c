// ?n=100000&ms=0: a head, n bytes of body, a pause, and then a trap.
import { paramInt, print, sleepMs } from "../../src/cli/templates/assemblyscript/cgi";

export function _start(): void {
  print("Content-Type: text/plain\n\n" + "x".repeat(paramInt("n", 100_000, 0, 10_000_000)));
  const pauseMs = paramInt("ms", 0, 0, 60_000);
  if (pauseMs > 0) sleepMs(pauseMs);
  unreachable();
}
