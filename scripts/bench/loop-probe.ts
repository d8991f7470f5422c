/**
 * Preloaded into a node (BUN_OPTIONS), to see from inside how long its serving thread does not come to a turn: each
 * time that a timer of one millisecond is late goes as a line into the file EMEND_BENCH_LOOP: when, by how much, and how
 * long of that the system ran something else on the thread's core, all in milliseconds. SIGUSR2 collects garbage.
 */
import { openSync, readSync, writeSync } from "node:fs";

const out = process.env.EMEND_BENCH_LOOP;
if (Bun.isMainThread && out !== undefined) {
  const file = openSync(out, "a");
  // proc(5): nanoseconds on a core, nanoseconds waiting for one.
  const stat = openSync("/proc/thread-self/schedstat", "r");
  const text = Buffer.alloc(64);
  const waitedMs = (): number => {
    const length = readSync(stat, text, 0, text.length, 0);
    return Number(text.toString("latin1", 0, length).split(" ")[1]) / 1e6;
  };
  let last = performance.now();
  let waited = waitedMs();
  setInterval(() => {
    const now = performance.now();
    const lateMs = now - last - 1;
    const before = waited;
    waited = waitedMs();
    if (lateMs > 0.5) {
      writeSync(
        file,
        `${(performance.timeOrigin + now).toFixed(3)} ${lateMs.toFixed(3)} ${(waited - before).toFixed(3)}\n`,
      );
    }
    last = performance.now();
  }, 1).unref();
  process.on("SIGUSR2", () => Bun.gc(true));
}
