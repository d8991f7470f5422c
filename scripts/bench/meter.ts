/**
 * `npm run bench:meter`: what metering costs. The same guests bare and metered, in turns; how fast modules are
 * rewritten; how late a tight loop ends; how many slices fit into a second. Options: `--rounds=N`, `--json`.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compileCommand, Instance, type Meter } from "../../src/guest/index.ts";
import { guestMemoryPagesMax, guestTableEntriesMax } from "../../src/limits.ts";
import { discardOutput, emptyInput, type Run } from "../../src/wasi/index.ts";
import { decodeModule, meterModule } from "../../src/wasm/index.ts";
import { buildTestGuests } from "../build-test-guests.ts";
import { kitGuest } from "./peers.ts";
import { median, numberOption, printReport, progress, round } from "./report.ts";

const rounds = numberOption("rounds", 301);
/** Until the optimising compiler is done with both. */
const warmUps = 100;
const root = join(import.meta.dir, "../..");
const limits = { memoryPagesMax: guestMemoryPagesMax, tableEntriesMax: guestTableEntriesMax };
/** A slice as the scheduler may give it: about a millisecond. */
const slice = 2_000_000;
const endless: Meter = { sliceFuel: slice, spent: () => slice };

interface Work {
  readonly name: string;
  readonly path: string;
  readonly query: string;
  /** Runs of one round, each put back afterwards. */
  readonly runs: number;
}

await buildTestGuests();
const crunch = join(root, "dist/test-guests/crunch.wasm");
const cpuWork: readonly Work[] = [
  { name: "SHA-256", path: crunch, query: "op=hash&n=10", runs: 1 },
  { name: "JSON parse", path: crunch, query: "op=json&n=50", runs: 1 },
  { name: "matrix product", path: crunch, query: "op=matrix&n=4", runs: 1 },
  { name: "interpreter loop", path: crunch, query: "op=machine&n=25", runs: 1 },
  { name: "recursion (fib)", path: crunch, query: "op=fib&n=15", runs: 1 },
  { name: "sort by a function", path: crunch, query: "op=sort&n=2", runs: 1 },
  { name: "short copies and fills", path: crunch, query: "op=copy&n=500", runs: 1 },
  { name: "c-spin (xorshift)", path: kitGuest("c-spin"), query: "600000", runs: 1 },
];
const helloWork: readonly Work[] = [
  { name: "c-hello", path: kitGuest("c-hello"), query: "", runs: 100 },
  { name: "rust-hello", path: kitGuest("rust-hello"), query: "", runs: 100 },
];

interface Cost {
  readonly bareMs: number;
  readonly meteredMs: number;
  readonly ratio: number;
  readonly fuel: number;
}

const costs = new Map<string, Cost>();
for (const work of [...cpuWork, ...helloWork]) costs.set(work.name, await compare(work));
const rewriting = rewriteSpeeds();
const late = await lateness();
const slices = await slicesPerSecond();

const ratios = (works: readonly Work[]): number[] => works.map(({ name }) => costs.get(name)!.ratio);
const mean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

printReport({
  benchmark: "metering",
  rows: [...costs].map(([guest, { bareMs, meteredMs, ratio, fuel }]) => ({
    guest,
    "bare ms": round(bareMs),
    "metered ms": round(meteredMs),
    ratio: round(ratio),
    "ns a unit": round((meteredMs * 1e6) / fuel),
  })),
  method: [
    `the least of ${rounds} rounds in turn, after ${warmUps} to warm up: what else the machine does is left out`,
    `slices of ${slice} units that go on at once; hello runs are ${helloWork[0]!.runs} a round, each put back`,
    `rewriting ${rewriting.what}: ${round(rewriting.coldMbPerS)} MB/s the first time, ${round(rewriting.warmMbPerS)} MB/s warm (median)`,
    `a tight loop whose slices suspend ends ${round(late)} ms after its deadline (median)`,
    `${round(slices)} suspended slices a second`,
  ],
  targets: [
    ...cpuWork.map(({ name }) => ({
      what: `${name}: metered to bare`,
      measured: costs.get(name)!.ratio,
      atMost: 1.1,
    })),
    {
      what: "the four of the suite together (geometric mean)",
      measured: mean(ratios(cpuWork.slice(0, 4))),
      atMost: 1.1,
    },
    { what: "WAGI hello: metered to bare", measured: mean(ratios(helloWork)), atMost: 1.03 },
    { what: "rewriting, MB/s warm", measured: rewriting.warmMbPerS, atLeast: 50 },
    { what: "ms from a deadline to the end of a tight loop", measured: late, atMost: 20 },
  ],
});
process.exit();

async function compare({ name, path, query, runs }: Work): Promise<Cost> {
  progress(name);
  const bytes = readFileSync(path);
  const bare = await Instance.create(await compileCommand(bytes, name));
  const metered = await Instance.create(await compileCommand(bytes, name, { limits }), { meter: endless });
  for (const instance of [bare, metered]) instance.takeSnapshot();
  const request = requestOf(query);
  let [bareMs, meteredMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let index = 0; index < rounds + warmUps; index++) {
    const tookMs = [await timed(bare, request, runs), await timed(metered, request, runs)] as const;
    if (index < warmUps) continue;
    bareMs = Math.min(bareMs, tookMs[0]);
    meteredMs = Math.min(meteredMs, tookMs[1]);
  }
  return { bareMs, meteredMs, ratio: meteredMs / bareMs, fuel: metered.fuelUsed * runs };
}

async function timed(instance: Instance, run: Run, runs: number): Promise<number> {
  const startMs = performance.now();
  for (let index = 0; index < runs; index++) {
    const ended = instance.run(run);
    if (ended instanceof Promise) await ended;
    instance.restore();
  }
  return performance.now() - startMs;
}

function requestOf(query: string): Run {
  return {
    args: () => ["guest"],
    environ: () => ["REQUEST_METHOD=GET", "PATH_INFO=/", `QUERY_STRING=${query}`],
    stdin: emptyInput,
    stdout: discardOutput,
    stderr: discardOutput,
    preopens: () => [],
  };
}

/** The largest module at hand, over and over. */
function rewriteSpeeds(): { what: string; coldMbPerS: number; warmMbPerS: number } {
  const large = join(root, "../shared/guests/go-api/go-api.wasm");
  const path = existsSync(large) ? large : kitGuest("rust-api");
  const bytes = new Uint8Array(readFileSync(path));
  const speeds = Array.from({ length: 15 }, () => {
    const startMs = performance.now();
    meterModule(decodeModule(bytes), limits, { globals: true });
    return bytes.length / 1000 / (performance.now() - startMs);
  });
  const what = `${path.split("/").at(-1)} (${(bytes.length / 1e6).toFixed(1)} MB)`;
  return { what, coldMbPerS: speeds[0]!, warmMbPerS: median(speeds.slice(5)) };
}

/** How late a loop without a host call ends whose slices suspend, milliseconds. */
async function lateness(): Promise<number> {
  const compiled = await compileCommand(readFileSync(kitGuest("c-spin")), "c-spin", { limits });
  const taken: number[] = [];
  for (let index = 0; index < 20; index++) {
    const deadlineMs = performance.now() + 50;
    const spent = (): Promise<number> =>
      new Promise((resolve) => setImmediate(() => resolve(performance.now() > deadlineMs ? 0 : slice)));
    const instance = await Instance.create(compiled, { meter: { sliceFuel: slice, spent } });
    await instance.run(requestOf("0"));
    taken.push(performance.now() - deadlineMs);
  }
  return median(taken);
}

async function slicesPerSecond(): Promise<number> {
  const compiled = await compileCommand(readFileSync(kitGuest("c-spin")), "c-spin", { limits });
  let count = 0;
  const endMs = performance.now() + 1000;
  const spent = (): Promise<number> => {
    count++;
    return Promise.resolve(performance.now() > endMs ? 0 : 100);
  };
  const instance = await Instance.create(compiled, { meter: { sliceFuel: 100, spent } });
  await instance.run(requestOf("0"));
  return count;
}
