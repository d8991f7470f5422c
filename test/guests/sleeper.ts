// ?ms=100: sleeps before its head, then says how long that took by its own clock.
import { monotonicNs, paramInt, respond, sleepMs } from "../../src/cli/templates/assemblyscript/cgi";

export function _start(): void {
  const startedNs = monotonicNs();
  sleepMs(paramInt("ms", 100, 0, 600_000));
  respond("text/plain", "sleptMs=" + ((monotonicNs() - startedNs) / 1_000_000).toString() + "\n");
}
