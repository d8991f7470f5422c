/** How long updates take on a node that is at rest: a bundle, modules, and a reload without a patch. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Files } from "../../test/support/update-node.ts";
import { mainThreadCpuMs } from "./child.ts";
import { largeModule } from "./large-module.ts";
import { scratch } from "./peers.ts";
import { median, progress } from "./report.ts";
import { type Pause, type Push, startUpdateNode, startWith, type UpdateNode } from "./update-node.ts";

const root = join(import.meta.dir, "../..");

/** What was seen of many updates. */
export interface Speed {
  readonly what: string;
  readonly patchBytes: number;
  readonly pushes: readonly Push[];
  /** From the first byte sent to the end of the first answer that the new release gave. */
  readonly firstAnswerMs: readonly number[];
  /** CPU time of the serving thread, each. */
  readonly threadMs: readonly number[];
  /** The longest pause of each, by the CPU that the thread used, and by the clock. */
  readonly pauseMs: readonly number[];
  readonly lateMs: readonly number[];
  /** The same without updates. */
  readonly quietPauseMs: number;
  readonly quietLateMs: number;
}

/** The part of a pause that is the thread's own doing. */
export const ownMs = ({ lateMs, ranMs }: Pause): number => Math.min(lateMs, ranMs);

/** Two forms of a pair of files, each the update of the other, by turns. */
async function measure(
  what: string,
  node: UpdateNode,
  releases: readonly [Files, Files],
  times: number,
): Promise<Speed> {
  const warmUps = 5;
  const seen: Omit<Speed, "what" | "patchBytes" | "quietPauseMs" | "quietLateMs"> = {
    ...{ pushes: [], firstAnswerMs: [], threadMs: [], pauseMs: [], lateMs: [] },
  };
  const { pushes, firstAnswerMs, threadMs, pauseMs, lateMs } = seen as {
    [key in keyof typeof seen]: (typeof seen)[key][number][];
  } & { pushes: Push[] };
  const { url, pid } = node.child;
  for (let i = 0; i < warmUps + times; i++) {
    progress(`${what}: ${i + 1} of ${warmUps + times}`);
    const cpuBefore = mainThreadCpuMs(pid);
    const push = await node.update(releases[i % 2]!, releases[(i + 1) % 2]!);
    const response = await fetch(url);
    await response.arrayBuffer();
    const tookMs = performance.timeOrigin + performance.now() - push.atMs;
    if (response.headers.get("x-emend-release") !== push.to.slice(7, 19))
      throw new Error(`${what}: the old release answered after the update`);
    const cpuMs = mainThreadCpuMs(pid) - cpuBefore;
    // What follows in the background belongs to it too: contents go to the disk, variants are made.
    await Bun.sleep(600);
    if (i < warmUps) continue;
    pushes.push(push);
    firstAnswerMs.push(tookMs);
    threadMs.push(cpuMs);
    const pauses = node.pauses(push.atMs, push.atMs + 500);
    pauseMs.push(Math.max(0, ...pauses.map(ownMs)));
    lateMs.push(Math.max(0, ...pauses.map((pause) => pause.lateMs)));
  }
  const quietFrom = performance.timeOrigin + performance.now();
  // As long as was looked at after updates.
  await Bun.sleep(times * 500);
  const quiet = node.pauses(quietFrom, quietFrom + times * 500);
  return {
    what,
    patchBytes: median(pushes.map(({ bytes }) => bytes.patch)),
    ...seen,
    quietPauseMs: Math.max(0, ...quiet.map(ownMs)),
    quietLateMs: Math.max(0, ...quiet.map((pause) => pause.lateMs)),
  };
}

export interface BundleFigures {
  readonly speed: Speed;
  readonly bytes: number;
  /** Memory beyond the new bytes: after the first update of the bundle, and after many more. */
  readonly extraMb: number;
  readonly laterMb: number;
}

/** A page's bundle of 10 MB with one line changed. */
export async function measureBundle(times: number): Promise<BundleFigures> {
  const text = bundleText();
  const files = (line: string, small: string): Files => ({
    "public/index.html": "<!doctype html><script src=bundle.js></script>\n",
    "public/small.txt": small,
    "public/bundle.js": withLine(text, line),
  });
  const base = files("", "0");
  const node = await startUpdateNode({ default: base }, "/");
  let running = base;
  // What code and thread take is taken before it is counted.
  for (let i = 1; i <= 5; i++) {
    const next: Files = { ...base, "public/small.txt": String(i) };
    await node.update(running, next);
    running = next;
  }
  progress("bundle: settling");
  const beforeMb = await node.settledMb();
  const [one, two] = [files("console.log(1);\n", "5"), files("console.log(2);\n", "5")];
  const bytes = one["public/bundle.js"]!.length;
  await node.update(running, one);
  const firstMb = await node.settledMb();
  const speed = await measure("10 MB bundle, one line", node, [one, two], times);
  const lastMb = await node.settledMb();
  await node.child.stop();
  return {
    ...{ speed, bytes },
    extraMb: firstMb - beforeMb - bytes / 1e6,
    laterMb: lastMb - beforeMb - bytes / 1e6,
  };
}

/** Modules: one of 1 MB that is made here, and pairs of real ones, by their names, where they are on this machine. */
export async function measureModules(times: number, real: readonly string[]): Promise<Speed[]> {
  const pairs: [what: string, one: Uint8Array, two: Uint8Array][] = [
    ["1 MB module", largeModule("one\n", 0), largeModule("two\n", 1)],
  ];
  const shared = (path: string): string => join(root, "../shared", path);
  for (const name of real) {
    const [one, two] = [shared(`guests/${name}/${name}.wasm`), shared(`pairs/own/${name}-v2.wasm`)];
    if (existsSync(one) && existsSync(two)) pairs.push([name, readFileSync(one), readFileSync(two)]);
  }
  const speeds: Speed[] = [];
  for (const [what, one, two] of pairs) {
    const [before, after] = [moduleSite(one), moduleSite(two)];
    const node = await startUpdateNode({ default: before }, what === "1 MB module" ? "/" : "/hello");
    speeds.push(await measure(what, node, [before, after], times));
    await node.child.stop();
  }
  return speeds;
}

/** One module that answers everything. */
export function moduleSite(module: Uint8Array): Files {
  return {
    "app.wasm": module,
    "site.toml": '[[route]]\npath = "/*"\nmodule = "app.wasm"\n',
  };
}

/** POST /_reload of a 1 MB module that lies elsewhere now, while clients ask. Milliseconds of each. */
export async function measureReload(times: number): Promise<number[]> {
  const dir = join(scratch, "reload");
  writeFileSync(`${dir}.wasm`, largeModule("zero\n", 0));
  const node = await startWith(["--preload", `${dir}.wasm`], "/", scratch);
  const seconds = times * 0.6 + 2;
  const client = Bun.spawn(
    [
      ...[process.execPath, join(import.meta.dir, "load-client.ts"), node.child.url],
      ...["--connections=16", "--rate=300", `--seconds=${seconds}`],
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  await Bun.sleep(1000);
  const tookMs: number[] = [];
  for (let i = 1; i <= times; i++) {
    progress(`reload ${i} of ${times}`);
    writeFileSync(`${dir}.wasm`, largeModule(`${i}\n`, i % 2));
    const beganMs = performance.now();
    await node.call("POST", "/_reload");
    tookMs.push(performance.now() - beganMs);
    const text = await (await fetch(node.child.url)).text();
    if (text !== `${i}\n`) throw new Error(`after reload ${i} the module of ${text.trim()} answered`);
    await Bun.sleep(400);
  }
  const [errors] = await Promise.all([client.stderr.text(), client.exited]);
  if (client.exitCode !== 0) throw new Error(`a client failed during reloads: ${errors}`);
  await node.child.stop();
  return tookMs;
}

/** JavaScript of npm packages that are here anyway, as a page's bundle would put it together. */
function bundleText(): string {
  const parts = ["assemblyscript/dist/asc.js", "assemblyscript/dist/assemblyscript.js", "binaryen/index.js"];
  const text = parts.map((part) => readFileSync(join(root, "node_modules", part), "latin1")).join("\n");
  return text.slice(0, 10_000_000);
}

function withLine(text: string, line: string): Uint8Array {
  const at = text.indexOf("\n", 700_000) + 1;
  return Buffer.from(text.slice(0, at) + line + text.slice(at), "latin1");
}
