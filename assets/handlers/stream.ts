// GET /stream?n=10&ms=300: n server-sent events, ms apart. Between two events the guest sleeps in the host,
// which holds its stack and costs no thread.
import { monotonicNs, paramInt, print, sleepMs } from "../../src/cli/templates/assemblyscript/cgi";

const EVENTS_MAX = 100;
const PAUSE_MS_MAX = 5_000;

export function _start(): void {
  const count = paramInt("n", 10, 1, EVENTS_MAX);
  const pauseMs = paramInt("ms", 300, 0, PAUSE_MS_MAX);
  const startedNs = monotonicNs();
  print("Content-Type: text/event-stream\nCache-Control: no-store\n\n");
  for (let i = 1; i <= count; i++) {
    if (i > 1) sleepMs(pauseMs);
    const elapsedMs = (monotonicNs() - startedNs) / 1_000_000;
    print(
      "id: " + i.toString() + '\ndata: {"tick":' + i.toString() + ',"of":' + count.toString() +
        ',"elapsedMs":' + elapsedMs.toString() + "}\n\n",
    );
  }
  // Without this a browser's EventSource would connect again and start over.
  print("event: end\ndata: {}\n\n");
}
