/**
 * Preloaded into a node (BUN_OPTIONS), to see from inside how long its serving thread does not come to a turn: each
 * time that a timer of one millisecond is late goes as a line into the file EMEND_BENCH_LOOP: when, by how much, and what
 * CPU time the thread itself used meanwhile, in milliseconds. The rest of it the system gave to others, or the machine
 * below it did: on a virtual one an idle thread is late by 10 ms at times. SIGUSR2 collects garbage.
 */
import { openSync, writeSync } from "node:fs";
import { threadCpuMs } from "../../src/guest/scheduler/thread-clock.ts";

const out = process.env.EMEND_BENCH_LOOP;
if (Bun.isMainThread && out !== undefined) {
  const file = openSync(out, "a");
  let last = performance.now();
  let cpu = threadCpuMs();
  setInterval(() => {
    const now = performance.now();
    const lateMs = now - last - 1;
    const before = cpu;
    cpu = threadCpuMs();
    if (lateMs > 0.5) {
      const atMs = performance.timeOrigin + now;
      writeSync(file, `${[atMs, lateMs, cpu - before].map((ms) => ms.toFixed(3)).join(" ")}\n`);
    }
    last = performance.now();
  }, 1).unref();
  process.on("SIGUSR2", () => Bun.gc(true));
}
