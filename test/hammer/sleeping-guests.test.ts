/** Guests that wait cost no thread: a thousand sleep at the same time on this one. */
import { expect, test } from "bun:test";
import { compileCommand, Instance } from "../../src/guest/index.ts";
import { ownGuest } from "../support/guests.ts";
import { runGuest } from "../support/run-guest.ts";

const guests = 1000;
const sleepMs = 1000;

/** Room for one guest: its memory of some pages, its instance, its stack while it is put aside. */
const guestBytesMax = 512 * 1024;

test("a thousand guests that each sleep a second end in about a second", async () => {
  const compiled = await compileCommand(await ownGuest("sleeper"), "sleeper.wasm");
  Bun.gc(true);
  const beforeBytes = process.memoryUsage.rss();
  const instances = await Promise.all(Array.from({ length: guests }, () => Instance.create(compiled)));
  const env = { QUERY_STRING: `ms=${sleepMs}` };

  const beganMs = performance.now();
  let turns = 0;
  const ticking = setInterval(() => turns++, 10);
  const runs = instances.map((instance) => runGuest(instance, { env }));
  await Bun.sleep(sleepMs / 2);
  const asleepBytes = process.memoryUsage.rss() - beforeBytes;
  const ended = await Promise.all(runs);
  const durationMs = performance.now() - beganMs;
  clearInterval(ticking);

  for (const { outcome, stdout } of ended) {
    expect(outcome).toEqual({ kind: "exit", code: 0 });
    const slept = Number(/sleptMs=(\d+)/.exec(stdout)?.[1]);
    expect(slept).toBeGreaterThanOrEqual(sleepMs);
  }
  expect(durationMs).toBeGreaterThanOrEqual(sleepMs);
  // One after the other they would take a thousand seconds; the rest is room for a busy machine.
  expect(durationMs).toBeLessThan(10 * sleepMs);
  expect(turns).toBeGreaterThan(5);
  expect(asleepBytes / guests).toBeLessThan(guestBytesMax);
  console.log(
    `${guests} guests slept ${sleepMs} ms each in ${Math.round(durationMs)} ms, ` +
      `${Math.round(asleepBytes / guests / 1024)} KiB of memory a guest`,
  );
});
