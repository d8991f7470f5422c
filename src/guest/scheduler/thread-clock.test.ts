import { expect, test } from "bun:test";
import { openThreadClock, threadCpuMs } from "./thread-clock.ts";

/** Work for so long on the wall's clock. */
function work(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

test("threadCpuMs stands still while the thread sleeps", async () => {
  threadCpuMs();
  const before = threadCpuMs();
  await Bun.sleep(100);
  expect(threadCpuMs() - before).toBeLessThan(50);
});

test("threadCpuMs goes on in steps far below a slice, and not faster than the wall's clock", () => {
  const [before, beganMs] = [threadCpuMs(), performance.now()];
  let last = before;
  let steps = 0;
  while (last - before < 10) {
    work(0.02);
    const now = threadCpuMs();
    expect(now).toBeGreaterThanOrEqual(last);
    if (now > last) steps++;
    last = now;
  }
  expect(steps).toBeGreaterThan(50);
  expect(last - before).toBeLessThanOrEqual(performance.now() - beganMs + 0.1);
});

test("without a C library the wall's clock is asked", () => {
  const [read, beganMs] = [openThreadClock("no-such-library.so"), performance.now()];
  expect(read()).toBeGreaterThanOrEqual(beganMs);
  expect(read()).toBeLessThanOrEqual(performance.now());
});
