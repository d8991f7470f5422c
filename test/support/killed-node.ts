/**
 * A node that is killed at a moment of somebody's choice. strace is attached once it answers, so that what its start does
 * to the disk is not counted, and kills it at the k-th call of a kind that one of its threads makes.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createScratch, type NodeProcess } from "./executable.ts";
import { straceSet } from "./system-calls.ts";

/** The k-th of these calls of a thread. */
export type Moment = readonly [call: string, k: number];

/** Null when a running process can be traced here, or why not. */
export async function whyNoAttaching(): Promise<string | null> {
  const sleeper = Bun.spawn(["sleep", "5"]);
  try {
    const tracer = attach(sleeper.pid, ["-e", "trace=none"]);
    const isAttached = await Promise.race([
      tracer.attached.then(() => true),
      tracer.exited.then(() => false),
    ]);
    return isAttached ? null : "no running process can be traced here";
  } finally {
    sleeper.kill("SIGKILL");
  }
}

/** Kills the node at that moment of what it does from now on. */
export async function killAt(node: NodeProcess, [call, k]: Moment): Promise<void> {
  const options = ["-e", `trace=?${call}`, "-e", `inject=?${call}:signal=SIGKILL:when=${k}`];
  await attach(node.pid, options).attached;
}

/** All moments of what a node does meanwhile. */
export async function momentsOf(
  node: NodeProcess,
  calls: readonly string[],
  act: () => Promise<void>,
): Promise<Moment[]> {
  using scratch = createScratch();
  const log = join(scratch.path, "calls");
  const tracer = attach(node.pid, ["-o", log, "-e", `trace=${straceSet(calls)}`]);
  await tracer.attached;
  await act();
  await node.stop("SIGKILL");
  await tracer.exited;
  // What a thread was in when it was killed is told in two lines.
  const made = readFileSync(log, "latin1").matchAll(/^(\d+) +(\w+)\(/gm);
  const most = new Map<string, number>();
  const ofThread = new Map<string, number>();
  for (const [, thread, call = ""] of made) {
    const count = (ofThread.get(`${thread} ${call}`) ?? 0) + 1;
    ofThread.set(`${thread} ${call}`, count);
    most.set(call, Math.max(most.get(call) ?? 0, count));
  }
  return [...most].flatMap(([call, count]) => Array.from({ length: count }, (_, i): Moment => [call, i + 1]));
}

interface Tracer {
  readonly attached: Promise<void>;
  readonly exited: Promise<number>;
}

function attach(pid: number, options: readonly string[]): Tracer {
  const strace = Bun.which("strace") ?? "strace";
  const tracer = Bun.spawn([strace, "-f", "-p", String(pid), ...options], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  (async () => {
    const decoder = new TextDecoder();
    // Read to its end, so that the tracer never waits for a reader.
    for await (const piece of tracer.stderr) {
      if (decoder.decode(piece).includes("attached")) resolve();
    }
  })();
  return { attached: promise, exited: tracer.exited };
}
