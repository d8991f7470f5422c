/**
 * `npm run bench:neighbour`: what a site feels of another one that runs as many endless loops as it may, on one node
 * with one thread. Where latency is judged the load is open and a fifth of what the site could do alone, since the
 * generator shares the machine's cores.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, freePort, rssMb, startChild } from "./child.ts";
import { emend, emendBuild, kitGuest, scratch } from "./peers.ts";
import { median, numberOption, printReport, progress, round } from "./report.ts";

const rounds = numberOption("rounds", 3);
const seconds = numberOption("seconds", 3);
const kills = numberOption("kills", 10_000);

/** Loops that a site asks for at once: as many as its route runs. */
const loops = 64;
const adminToken = "emend_bench_neighbour_0123456789abcdefghijklmnopqrstu";

/** Of what a site can do, the load under which its latency is judged. */
const openShare = 0.2;

/** What load-client.ts prints. */
interface Load {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What site B does alone, requests a second. */
let fullRate: number | undefined;

const node = await startNode();
const base = new URL(node.child.url).origin;

const alone = await measureHello();
const noisy = await withLoops(["noisy.test"], async () => ({
  ...(await measureHello()),
  adminMs: await slowestAdminMs(),
}));
const shares = await withLoops(["noisy.test", "heavy.test"], cpuRatio);
const lateMs = await withLoops(["noisy.test"], slowestEnd);
const rss = await killMany();
await node.child.stop();

printReport({
  benchmark: "noisy neighbour",
  rows: [
    {
      "hello of site B": "alone",
      "requests/s": round(alone.rate),
      "p50 ms": round(alone.p50Ms),
      "p99 ms": round(alone.p99Ms),
    },
    {
      "hello of site B": `beside ${loops} endless loops of site A`,
      "requests/s": round(noisy.rate),
      "p50 ms": round(noisy.p50Ms),
      "p99 ms": round(noisy.p99Ms),
    },
  ],
  method: [
    emendBuild,
    `load: scripts/bench/load-client.ts; requests/s with 32 connections that ask again at once, latency at ${openShare} of what site B does alone, medians of ${rounds} rounds of ${seconds} s`,
    `site A keeps ${loops} connections busy that ask for a loop without end; each is ended after 10 s of CPU`,
    `admin: GET /v1/status every 10 ms meanwhile`,
    `late: how much longer than timeout_ms a loop took to be answered with 504, the largest of 40, beside the ${loops} others`,
    `RSS: before and after ${kills} guests that were ended for their cpu_ms, 5 s after the last`,
  ],
  targets: [
    { what: "p99 of B beside A, times its p99 alone", measured: round(noisy.p99Ms / alone.p99Ms), atMost: 3 },
    { what: "requests/s of B beside A, of alone", measured: round(noisy.rate / alone.rate), atLeast: 0.45 },
    { what: "slowest answer of the admin API, ms", measured: round(noisy.adminMs), atMost: 20 },
    { what: "CPU of shares 1:3, off by", measured: round(Math.abs(shares / 3 - 1)), atMost: 0.1 },
    { what: "late end of a loop, ms", measured: round(lateMs), atMost: 20 },
    { what: `RSS after ${kills} kills, of before`, measured: round(rss), atMost: 1.05 },
  ],
});
process.exit();

interface Node {
  readonly child: Child;
  readonly admin: string;
}

/** A node with site B and two that run loops, one of which has three times the share. */
async function startNode(): Promise<Node> {
  const route = (path: string, module: string, limits: string): string =>
    `[[route]]\npath = "${path}"\nmodule = "${module}"\nbreaker = { failures = 1000000, min_requests = 1000000 }\n${limits}\n`;
  const loop = [
    route("/loop", "spin.wasm", "timeout_ms = 30000\ncpu_ms = 10000"),
    route("/late", "spin.wasm", "timeout_ms = 200\ncpu_ms = 10000"),
    route("/kill", "spin.wasm", "cpu_ms = 1"),
  ].join("");
  const sites = [
    { name: "quiet", share: 100, toml: route("/", "hello.wasm", ""), module: ["hello.wasm", "c-hello"] },
    { name: "noisy", share: 100, toml: loop, module: ["spin.wasm", "c-spin"] },
    { name: "heavy", share: 300, toml: loop, module: ["spin.wasm", "c-spin"] },
  ] as const;
  const tables = sites.map(({ name, share, toml, module: [file, guest] }) => {
    const dir = join(scratch, name);
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, "site.toml"), toml);
    writeFileSync(join(dir, file), readFileSync(kitGuest(guest)));
    return `[[site]]\nname = "${name}"\nhosts = ["${name}.test", ${name === "quiet" ? '"127.0.0.1"' : `"${name}.example"`}]\ndir = "${dir}"\n[site.limits]\ncpu_share = ${share}\n`;
  });
  const config = join(scratch, "neighbour.toml");
  writeFileSync(config, tables.join(""));
  const admin = `127.0.0.1:${freePort()}`;
  const command = emend("emend", ["--config", config], "/");
  const argv = [...command.argv, "--admin", admin];
  const child = await startChild({ ...command, argv, env: { EMEND_TOKEN: adminToken } });
  return { child, admin: `http://${admin}` };
}

async function measureHello(): Promise<{ rate: number; p50Ms: number; p99Ms: number }> {
  const closed: number[] = [];
  const open: Load[] = [];
  for (let i = 0; i < rounds; i++) {
    progress(`throughput, round ${i + 1} of ${rounds}`);
    const load = await ask("quiet.test", "/", ["--connections=32", `--seconds=${seconds}`]);
    closed.push(load.requests / load.seconds);
  }
  fullRate ??= median(closed);
  for (let i = 0; i < rounds; i++) {
    progress(`latency, round ${i + 1} of ${rounds}`);
    const rate = Math.round(fullRate * openShare);
    open.push(await ask("quiet.test", "/", ["--connections=64", `--seconds=${seconds}`, `--rate=${rate}`]));
  }
  return {
    rate: median(closed),
    p50Ms: median(open.map((load) => load.p50Ms)),
    p99Ms: median(open.map((load) => load.p99Ms)),
  };
}

/** Load from a process of its own, while it lasts. */
async function ask(host: string, path: string, options: readonly string[]): Promise<Load> {
  const client = startLoad(host, path, options);
  const [text, errors] = await Promise.all([client.stdout.text(), client.stderr.text(), client.exited]);
  if (client.exitCode !== 0) throw new Error(`the load on ${host} failed: ${errors}`);
  return JSON.parse(text);
}

function startLoad(
  host: string,
  path: string,
  options: readonly string[],
): Bun.Subprocess<"ignore", "pipe", "pipe"> {
  const argv = [
    process.execPath,
    join(import.meta.dir, "load-client.ts"),
    `${base}${path}`,
    `--host=${host}`,
  ];
  return Bun.spawn([...argv, ...options], { stdio: ["ignore", "pipe", "pipe"] });
}

/** While these sites run as many loops as they may. */
async function withLoops<T>(hosts: readonly string[], work: () => Promise<T>): Promise<T> {
  const clients = hosts.map((host) =>
    startLoad(host, "/loop?0", [`--connections=${loops}`, "--seconds=1000", "--any-status"]),
  );
  await Bun.sleep(500);
  try {
    return await work();
  } finally {
    for (const client of clients) client.kill("SIGKILL");
    for (const client of clients) await client.exited;
    // Their guests end when they notice that nobody waits for them any more.
    await Bun.sleep(1000);
  }
}

interface SiteStatus {
  readonly site: string;
  readonly traffic: { readonly cpuUs: number };
  readonly routes: readonly { readonly path: string; readonly holding: number }[];
}

async function status(): Promise<readonly SiteStatus[]> {
  const response = await fetch(`${node.admin}/v1/status`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  if (!response.ok) throw new Error(`the admin API answered ${response.status}`);
  return ((await response.json()) as { readonly sites: readonly SiteStatus[] }).sites;
}

async function slowestAdminMs(): Promise<number> {
  progress("admin API");
  let slowestMs = 0;
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs) {
    const beganMs = performance.now();
    await status();
    slowestMs = Math.max(slowestMs, performance.now() - beganMs);
    await Bun.sleep(10);
  }
  return slowestMs;
}

/** CPU of site "heavy" for each of "noisy", while both could use all there is. */
async function cpuRatio(): Promise<number> {
  progress("shares");
  const before = await status();
  await Bun.sleep(seconds * 1000);
  const after = await status();
  const used = (name: string): number => {
    const of = (sites: readonly SiteStatus[]): number =>
      sites.find(({ site }) => site === name)!.traffic.cpuUs;
    return of(after) - of(before);
  };
  return used("heavy") / used("noisy");
}

/** How long beyond its timeout_ms of 200 a loop took to be answered at the most. */
async function slowestEnd(): Promise<number> {
  let latestMs = 0;
  for (let i = 0; i < 40; i++) {
    progress(`deadline ${i + 1} of 40`);
    const beganMs = performance.now();
    const response = await fetch(`${base}/late?0`, { headers: { host: "heavy.test" } });
    if (response.status !== 504) throw new Error(`/late answered ${response.status}`);
    latestMs = Math.max(latestMs, performance.now() - beganMs - 200);
  }
  return latestMs;
}

/** Resident memory after many guests were ended, of before. The first thousand fill pools and heaps. */
async function killMany(): Promise<number> {
  const kill = async (requests: number): Promise<number> => {
    progress(`${requests} guests are ended`);
    await ask("noisy.test", "/kill?0", ["--connections=16", `--requests=${requests}`, "--any-status"]);
    await Bun.sleep(5000);
    return rssMb(node.child.pid);
  };
  const beforeMb = await kill(1000);
  return (await kill(kills)) / beforeMb;
}
