/**
 * `npm run bench:update`: what updates of a running node take, and what its clients notice of them. `--quick` is a short
 * run of all of it. Generators and node share the machine's cores, so load is open and a fifth of what the node could do,
 * and pauses are counted by what the serving thread did meanwhile.
 */
import { emendBuild } from "./peers.ts";
import { median, printReport, round } from "./report.ts";
import { measureEndurance, measureLatency } from "./update-load.ts";
import { measureBundle, measureModules, measureReload, type Speed } from "./update-speed.ts";

const isQuick = process.argv.includes("--quick");
const times = isQuick ? 9 : 31;

const bundle = await measureBundle(times);
const modules = await measureModules(times, isQuick ? [] : ["rust-api", "go-api"]);
const reloads = await measureReload(isQuick ? 5 : 15);
const latency = await measureLatency(isQuick ? 1 : 5, isQuick ? 6 : 12);
const endurance = await measureEndurance(isQuick ? 50 : 1000, isQuick ? 100 : 200);

const speeds = [bundle.speed, ...modules];
const [updated, other] = latency;
const module = modules[0]!;
const pause = Math.max(...speeds.flatMap(({ pauseMs }) => pauseMs));

printReport({
  benchmark: "updates",
  rows: speeds.map(rowOf),
  method: [
    emendBuild,
    `medians of ${times} updates, the update thread warm; total: from the head of the patch to the commit, as the node says; wall: from the first byte sent to the answer, over the loopback`,
    "first answer: from the first byte of the patch sent to the end of the first answer of the new release, asked for when the push is answered",
    "thread: CPU of the serving thread; pause: the longest time that it did not come to a turn in the 500 ms from the push on, by a timer of 1 ms inside the node, as far as it was at work itself (its CPU time); late: by the clock, with what the system gave to others",
    `memory: anonymous pages and Bun's blobs in memfds, not the pages of the program; extra: 13 s after the update and after a forced collection, against the same before it, without the ${bundle.bytes} new bytes; after ${times + 6} updates ${round(bundle.laterMb)} MB`,
    `as long without updates: longest pause ${speeds.map(({ quietPauseMs }) => round(quietPauseMs)).join(", ")} ms, late ${speeds.map(({ quietLateMs }) => round(quietLateMs)).join(", ")} ms`,
    ...latency.map(
      ({ site, rate, quiet, updating, quietPauseMs, updatingPauseMs }) =>
        `site ${site} at ${rate} requests/s while site default is updated 100 times a minute (1 MB module): p50 ${round(quiet.p50Ms)} → ${round(updating.p50Ms)} ms, p99 ${round(quiet.p99Ms)} → ${round(updating.p99Ms)} ms, longest pause ${round(quietPauseMs)} → ${round(updatingPauseMs)} ms`,
    ),
    `${endurance.updates} updates under ${endurance.requests} requests (${endurance.byKind}): memory ${round(endurance.beforeMb)} MB after the first 300, ${round(endurance.afterMb)} MB after all, clients going on`,
    ...endurance.faults.slice(0, 5),
    `reload: POST /_reload of a 1 MB module beside 300 requests/s, of which none failed; slowest ${round(Math.max(...reloads))} ms`,
  ],
  targets: [
    { what: "10 MB bundle: patch, KB", measured: bundle.speed.patchBytes / 1000, atMost: 42 },
    { what: "10 MB bundle: verify to commit, ms", measured: totalMs(bundle.speed), atMost: 18 },
    { what: "10 MB bundle: memory beyond the new bytes, MB", measured: bundle.extraMb, atMost: 0.3 },
    {
      what: "1 MB module: upload to the first answer of the new release, ms",
      measured: median(module.firstAnswerMs),
      atMost: 60,
    },
    { what: "longest pause of the serving thread, ms", measured: pause, atMost: 3 },
    {
      what: "p99 during 100 updates a minute, of quiet",
      measured: updated!.updating.p99Ms / updated!.quiet.p99Ms,
      atMost: 1.5,
    },
    {
      what: "p99 of another site meanwhile, of quiet",
      measured: other!.updating.p99Ms / other!.quiet.p99Ms,
      atMost: 1.5,
    },
    { what: `${endurance.updates} updates under load: failed`, measured: endurance.failed, atMost: 0 },
    { what: `${endurance.updates} updates under load: mixed`, measured: endurance.mixed, atMost: 0 },
    {
      what: "memory after them, of before",
      measured: endurance.afterMb / endurance.beforeMb,
      atMost: 1.05,
    },
    { what: "reload of a 1 MB module, ms", measured: median(reloads), atMost: 120 },
  ],
});
process.exit();

function totalMs({ pushes }: Speed): number {
  return median(pushes.map(({ ms }) => ms.total));
}

function rowOf({
  what,
  patchBytes,
  pushes,
  firstAnswerMs,
  threadMs,
  pauseMs,
  lateMs,
}: Speed): Record<string, string | number> {
  const step = (name: keyof Speed["pushes"][number]["ms"]): number =>
    round(median(pushes.map(({ ms }) => ms[name])));
  return {
    update: what,
    "patch bytes": patchBytes,
    "verify ms": step("verify"),
    apply: step("apply"),
    compile: step("compile"),
    probe: step("probe"),
    store: step("store"),
    swap: step("swap"),
    total: step("total"),
    wall: round(median(pushes.map(({ wallMs }) => wallMs))),
    "first answer": round(median(firstAnswerMs)),
    thread: round(median(threadMs)),
    pause: round(median(pauseMs)),
    "longest pause": round(Math.max(...pauseMs)),
    late: round(median(lateMs)),
  };
}
