/**
 * `npm run bench:rest`: what a node costs while nobody asks it for anything, and what 100,000 requests leave behind;
 * the same for a bare text hello of Bun and Hono.
 *
 * No request can make another process collect its garbage. What can be waited for is this: Bun collects when it has
 * been idle for a while, and memory goes back to the system. So "after a GC" means here: idle, until the resident memory
 * has not shrunk for some seconds. 100,000 requests come before the first figure, so that compiled code and the
 * engine's heap have their size, and 100,000 more before the second: what these leave is what a leak would be.
 */
import { type Child, fineCpuMs, rssMb, startChild } from "./child.ts";
import { sendRequests } from "./load.ts";
import { emend, emendBuild, honoHello, kitGuest } from "./peers.ts";
import { numberOption, printReport, progress, round } from "./report.ts";

/** What was seen of one server. */
interface Rest {
  readonly name: string;
  /** After some seconds of rest, one request, and rest again. */
  readonly warmMb: number;
  /** Share of one core. */
  readonly idlePercent: number;
  readonly afterFirstMb: number;
  readonly afterSecondMb: number;
}

const idleSeconds = numberOption("idle", 20);
const requests = numberOption("requests", 100_000);
const [bare, guest] = ["Bun + Hono text", "emend, C guest"];
const results = [
  await observe(await startChild(await honoHello(bare, { bytecode: false }))),
  await observe(await startChild(emend(guest, ["--preload", kitGuest("c-hello")], "/"))),
];
const [, node] = results;

printReport({
  benchmark: "at rest",
  rows: results.map((each) => ({
    server: each.name,
    "RSS MB, one request": round(each.warmMb),
    "idle CPU %": round(each.idlePercent),
    [`RSS MB, ${requests}`]: round(each.afterFirstMb),
    [`RSS MB, ${2 * requests}`]: round(each.afterSecondMb),
    growth: round(each.afterSecondMb / each.afterFirstMb),
  })),
  method: [
    "RSS: VmRSS, MB of 1,000,000 bytes, pages of the executable that are mapped included; emend lets go of those of its start after 2 s, and is asked once more before it is looked at",
    `idle CPU: all threads over ${idleSeconds} s, from the scheduler's nanoseconds`,
    `after ${requests} requests and after as many again, each time once idle memory has stopped shrinking`,
    emendBuild,
  ],
  targets: [
    { what: "RSS at rest with one C guest warm, MB", measured: node!.warmMb, atMost: 47 },
    { what: "idle CPU, %", measured: node!.idlePercent, atMost: 0.1 },
    {
      what: `RSS after ${requests} more requests, times before`,
      measured: node!.afterSecondMb / node!.afterFirstMb,
      atMost: 1.05,
    },
  ],
});
process.exit();

async function observe(child: Child): Promise<Rest> {
  const { name, pid, url } = child;
  progress(`${name}: at rest`);
  await settledRssMb(pid);
  // What a request takes is there again, whatever was let go of since the start.
  await sendRequests(url, 1);
  const warmMb = await settledRssMb(pid);
  const beganMs = fineCpuMs(pid);
  await Bun.sleep(idleSeconds * 1000);
  const idlePercent = (fineCpuMs(pid) - beganMs) / (idleSeconds * 10);
  const after: number[] = [];
  for (let turn = 0; turn < 2; turn++) {
    progress(`${name}: ${requests} requests`);
    await sendRequests(url, requests);
    after.push(await settledRssMb(pid));
  }
  await child.stop();
  return { name, warmMb, idlePercent, afterFirstMb: after[0]!, afterSecondMb: after[1]! };
}

/** Resident memory once it has not shrunk by 1 % for five seconds; at most a minute is waited. */
async function settledRssMb(pid: number): Promise<number> {
  let least = rssMb(pid);
  let quietSeconds = 0;
  for (let second = 0; second < 60 && quietSeconds < 5; second++) {
    await Bun.sleep(1000);
    const now = rssMb(pid);
    quietSeconds = now < least * 0.99 ? 0 : quietSeconds + 1;
    least = Math.min(least, now);
  }
  return rssMb(pid);
}
