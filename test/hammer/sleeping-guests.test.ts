/**
 * Guests that wait cost no thread: a thousand sleep at the same time on one. They have a process of their own, whose
 * engine reserves no address space for memories: otherwise it collects its whole heap for each one beyond the eighth,
 * which takes far longer than what is tested here.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { ownGuest } from "../support/guests.ts";

const guests = 1000;
const sleepMs = 1000;

/** Room for one guest: its memory of some pages, its instance, its stack while it is put aside. */
const guestBytesMax = 512 * 1024;

interface Report {
  /** How long each guest slept by its own clock; -1 for one that did not end by itself. */
  readonly sleptMs: readonly number[];
  readonly durationMs: number;
  /** Turns of the event loop meanwhile. */
  readonly turns: number;
  /** How much the process had grown while all of them slept. */
  readonly asleepBytes: number;
}

const root = join(import.meta.dir, "../..");
const script = `
  const { compileCommand, Instance } = await import(${JSON.stringify(`${root}/src/guest/index.ts`)});
  const { runGuest } = await import(${JSON.stringify(`${root}/test/support/run-guest.ts`)});
  const module = await Bun.file(${JSON.stringify(`${root}/dist/test-guests/sleeper.wasm`)}).bytes();
  const compiled = await compileCommand(module, "sleeper.wasm");
  Bun.gc(true);
  const beforeBytes = process.memoryUsage.rss();
  const instances = [];
  for (let i = 0; i < ${guests}; i++) instances.push(await Instance.create(compiled));

  const beganMs = performance.now();
  let turns = 0;
  const ticking = setInterval(() => turns++, 10);
  const env = { QUERY_STRING: "ms=${sleepMs}" };
  const runs = instances.map((instance) => runGuest(instance, { env }));
  await Bun.sleep(${sleepMs} / 2);
  const asleepBytes = process.memoryUsage.rss() - beforeBytes;
  const ended = await Promise.all(runs);
  const durationMs = performance.now() - beganMs;
  clearInterval(ticking);
  const slept = ({ outcome, stdout }) =>
    outcome.kind === "exit" && outcome.code === 0 ? Number(/sleptMs=(\\d+)/.exec(stdout)?.[1] ?? -1) : -1;
  console.log(JSON.stringify({ sleptMs: ended.map(slept), durationMs, turns, asleepBytes }));`;

test("a thousand guests that each sleep a second end in about a second", async () => {
  await ownGuest("sleeper");
  const child = Bun.spawn([process.execPath, "-e", script], {
    env: { BUN_JSC_useWasmFastMemory: "0" },
    stdout: "pipe",
    stderr: "inherit",
  });
  const report: Report = JSON.parse(await child.stdout.text());

  expect(report.sleptMs).toHaveLength(guests);
  expect(Math.min(...report.sleptMs)).toBeGreaterThanOrEqual(sleepMs);
  expect(report.durationMs).toBeGreaterThanOrEqual(sleepMs);
  // One after the other they would take a thousand seconds; the rest is room for a busy machine.
  expect(report.durationMs).toBeLessThan(10 * sleepMs);
  expect(report.turns).toBeGreaterThan(5);
  expect(report.asleepBytes / guests).toBeLessThan(guestBytesMax);
  console.log(
    `${guests} guests slept ${sleepMs} ms each in ${Math.round(report.durationMs)} ms, ` +
      `${Math.round(report.asleepBytes / guests / 1024)} KiB of memory a guest`,
  );
});
