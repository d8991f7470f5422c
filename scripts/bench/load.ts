/**
 * Load, and the comparison of servers under it. Generator and server share the machine, and the machine is shared with
 * others: so the servers take turns, round by round, and each figure is the median of its rounds. What a request costs
 * the server in CPU time is the steadier figure; requests a second also tell how fast the generator is.
 */
import { join } from "node:path";
import { type Child, cpuMs } from "./child.ts";
import { median, numberOption, progress } from "./report.ts";

/** What one server did, medians over the rounds. */
export interface Throughput {
  readonly requestsPerSecond: number;
  /** CPU time of the server process for one request, microseconds. */
  readonly cpuUs: number;
}

interface Load {
  readonly requests: number;
  readonly seconds: number;
}

const connections = 32;
const wrk: string | null = Bun.which("wrk");

/** Which generator is used, for the report. */
export const generator: string =
  wrk === null
    ? `load: scripts/bench/load-client.ts, ${connections} connections (wrk is better: apt install wrk, brew install wrk)`
    : `load: wrk, 1 thread, ${connections} connections`;

/** How the comparison is made, for the report. */
export const roundsMethod: string =
  "server and generator share the machine; the servers take turns, figures are medians of the rounds";

/** Puts load on each server in turn. `--rounds=N` and `--seconds=N` make a run longer or shorter. */
export async function compare(
  children: readonly Child[],
  headers: readonly string[] = [],
): Promise<Map<string, Throughput>> {
  const rounds = numberOption("rounds", 7);
  const seconds = numberOption("seconds", 2);
  const samples = new Map(children.map((child) => [child.name, [] as Throughput[]]));
  for (const child of children) await putLoad(child.url, 1, headers);
  for (let round = 0; round < rounds; round++) {
    // Each round begins with another server, so that none always follows the same neighbour.
    for (let turn = 0; turn < children.length; turn++) {
      const child = children[(round + turn) % children.length]!;
      progress(`round ${round + 1} of ${rounds}: ${child.name}`);
      const beganMs = cpuMs(child.pid);
      const load = await putLoad(child.url, seconds, headers);
      samples.get(child.name)!.push({
        requestsPerSecond: load.requests / load.seconds,
        cpuUs: ((cpuMs(child.pid) - beganMs) * 1000) / load.requests,
      });
    }
  }
  return new Map(
    [...samples].map(([name, all]) => [
      name,
      {
        requestsPerSecond: median(all.map((each) => each.requestsPerSecond)),
        cpuUs: median(all.map((each) => each.cpuUs)),
      },
    ]),
  );
}

/** Sends exactly so many requests. */
export async function sendRequests(url: string, requests: number): Promise<void> {
  await ownLoad(url, [`--requests=${requests}`]);
}

async function putLoad(url: string, seconds: number, headers: readonly string[]): Promise<Load> {
  if (wrk === null) return ownLoad(url, [`--seconds=${seconds}`, ...headers]);
  const options = ["-t1", `-c${connections}`, `-d${seconds}s`, ...headers.flatMap((each) => ["-H", each])];
  const text = await outputOf([wrk, ...options, url]);
  const match = /(\d+) requests in ([\d.]+)(ms|s),/.exec(text);
  if (match === null) throw new Error(`wrk said: ${text}`);
  const failures = /Socket errors:.*|Non-2xx.*/.exec(text)?.[0];
  if (failures !== undefined) throw new Error(`${url}: ${failures.trim()}`);
  return { requests: Number(match[1]), seconds: Number(match[2]) / (match[3] === "ms" ? 1000 : 1) };
}

async function ownLoad(url: string, options: readonly string[]): Promise<Load> {
  const client = join(import.meta.dir, "load-client.ts");
  return JSON.parse(
    await outputOf([process.execPath, client, url, `--connections=${connections}`, ...options]),
  );
}

async function outputOf(argv: string[]): Promise<string> {
  const child = Bun.spawn(argv, { stdio: ["ignore", "pipe", "pipe"] });
  const [text, errors] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (child.exitCode !== 0) throw new Error(`${argv[0]} failed: ${errors}${text}`);
  return text;
}
