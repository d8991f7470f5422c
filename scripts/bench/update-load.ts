/** What clients notice of updates: latency beside them, and a thousand of them under all kinds of requests. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readWitness, type Tally, witnessRelease } from "../../test/support/release-load.ts";
import { type Files, releaseOf } from "../../test/support/update-node.ts";
import { buildTestGuests } from "../build-test-guests.ts";
import { heldMb } from "./child.ts";
import { largeModule } from "./large-module.ts";
import { scratch } from "./peers.ts";
import { median, progress } from "./report.ts";
import { startUpdateNode, type UpdateNode } from "./update-node.ts";
import { moduleSite, ownMs } from "./update-speed.ts";

/** Of what the node can do, the load under which latency is judged. */
const openShare = 0.2;
const updatesPerMinute = 100;

interface Load {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Latency {
  readonly site: string;
  readonly rate: number;
  readonly quiet: Pick<Load, "p50Ms" | "p99Ms">;
  readonly updating: Pick<Load, "p50Ms" | "p99Ms">;
  /** The longest pauses of the serving thread, as far as it was at work itself. */
  readonly quietPauseMs: number;
  readonly updatingPauseMs: number;
}

/** Latency of the site that is updated, and of another one of the same node, without and with updates, by turns. */
export async function measureLatency(rounds: number, seconds: number): Promise<Latency[]> {
  const releases = [moduleSite(largeModule("one\n", 0)), moduleSite(largeModule("two\n", 1))] as const;
  const other = moduleSite(largeModule("other\n", 0, 50));
  const node = await startUpdateNode({ default: releases[0], other }, "/");
  const { url } = node.child;
  let running = 0;
  const update = async (): Promise<void> => {
    await node.update(releases[running]!, releases[1 - running]!);
    running = 1 - running;
  };
  for (let i = 0; i < 6; i++) await update();
  const results: Latency[] = [];
  for (const site of ["default", "other"]) {
    const closed = await load(url, site, ["--connections=32", "--seconds=2"]);
    const rate = Math.round((closed.requests / closed.seconds) * openShare);
    const options = ["--connections=64", `--rate=${rate}`, `--seconds=${seconds}`];
    const quiet: (Load & { pauseMs: number })[] = [];
    const updating: (Load & { pauseMs: number })[] = [];
    for (let round = 0; round < rounds; round++) {
      progress(`latency of site ${site}, round ${round + 1} of ${rounds}`);
      quiet.push(await paused(node, () => load(url, site, options)));
      updating.push(
        await paused(node, async () => {
          const [result] = await Promise.all([load(url, site, options), updateFor(seconds * 1000, update)]);
          return result;
        }),
      );
    }
    const pick = (all: readonly Load[]): Pick<Load, "p50Ms" | "p99Ms"> => ({
      p50Ms: median(all.map(({ p50Ms }) => p50Ms)),
      p99Ms: median(all.map(({ p99Ms }) => p99Ms)),
    });
    results.push({
      ...{ site, rate, quiet: pick(quiet), updating: pick(updating) },
      quietPauseMs: Math.max(...quiet.map(({ pauseMs }) => pauseMs)),
      updatingPauseMs: Math.max(...updating.map(({ pauseMs }) => pauseMs)),
    });
  }
  await node.child.stop();
  return results;
}

/** So many a minute, whether one takes long or not. */
async function updateFor(ms: number, update: () => Promise<void>): Promise<void> {
  const everyMs = 60_000 / updatesPerMinute;
  const beganMs = performance.now();
  for (let i = 0; (i + 1) * everyMs < ms; i++) {
    await Bun.sleep(beganMs + i * everyMs - performance.now());
    await update();
  }
}

async function paused<T extends object>(
  node: UpdateNode,
  work: () => Promise<T>,
): Promise<T & { pauseMs: number }> {
  const from = performance.timeOrigin + performance.now();
  const result = await work();
  const pauses = node.pauses(from, performance.timeOrigin + performance.now());
  return { ...result, pauseMs: Math.max(0, ...pauses.map(ownMs)) };
}

async function load(url: string, site: string, options: readonly string[]): Promise<Load> {
  const program = join(import.meta.dir, "load-client.ts");
  const client = Bun.spawn([process.execPath, program, url, `--host=${site}.test`, ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [text, errors] = await Promise.all([client.stdout.text(), client.stderr.text(), client.exited]);
  if (client.exitCode !== 0) throw new Error(`the load on ${site} failed: ${errors}`);
  return JSON.parse(text);
}

export interface Endurance {
  readonly updates: number;
  readonly requests: number;
  readonly byKind: string;
  readonly failed: number;
  readonly mixed: number;
  readonly faults: readonly string[];
  readonly beforeMb: number;
  readonly afterMb: number;
}

/** Updates one after the other while clients look at every answer. */
export async function measureEndurance(updates: number, everyMs: number): Promise<Endurance> {
  await buildTestGuests();
  const witness = readWitness();
  // Until then caches and pools of the engine still grow.
  const warmUps = Math.min(300, updates);
  const releases: Files[] = Array.from({ length: warmUps + updates + 1 }, (_, i) =>
    witnessRelease(`r${i}`, witness),
  );
  const names = join(scratch, "names.json");
  const byRelease = releases.map((files, i) => [releaseOf(files).digest.slice(7, 19), `r${i}`]);
  writeFileSync(names, JSON.stringify(Object.fromEntries(byRelease)));
  const node = await startUpdateNode({ default: releases[0]! }, "/release.txt");
  const clients = Bun.spawn(
    [
      process.execPath,
      join(import.meta.dir, "release-clients.ts"),
      new URL(node.child.url).port,
      "default.test",
      names,
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const run = async (from: number, to: number): Promise<void> => {
    const beganMs = performance.now();
    for (let i = from; i < to; i++) {
      progress(`update ${i + 1} of ${warmUps + updates} under load`);
      await node.update(releases[i]!, releases[i + 1]!);
      await Bun.sleep(Math.max(0, beganMs + (i - from + 1) * everyMs - performance.now()));
    }
  };
  await run(0, warmUps);
  const beforeMb = await restingMb(node);
  await run(warmUps, warmUps + updates);
  const afterMb = await restingMb(node);
  clients.stdin.end();
  const tallies: Record<string, Tally> = JSON.parse(await clients.stdout.text());
  await node.child.stop();
  const all = Object.entries(tallies);
  const sum = (count: (tally: Tally) => number): number =>
    all.reduce((total, [, tally]) => total + count(tally), 0);
  return {
    ...{ updates: warmUps + updates, beforeMb, afterMb },
    requests: sum(({ answers }) => answers),
    byKind: all.map(([kind, { answers }]) => `${kind} ${answers}`).join(", "),
    failed: sum(({ failed }) => failed),
    mixed: sum(({ mixed }) => mixed),
    faults: all.flatMap(([, { faults }]) => faults),
  };
}

/** Under the same load, without updates: the median of some looks. */
async function restingMb(node: UpdateNode): Promise<number> {
  await node.settledMb();
  const looks: number[] = [];
  for (let i = 0; i < 10; i++) {
    looks.push(heldMb(node.child.pid));
    await Bun.sleep(300);
  }
  return median(looks);
}
