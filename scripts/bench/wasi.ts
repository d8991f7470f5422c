/**
 * `npm run bench:wasi`: what host calls cost, in emend and beside it in node:wasi and in @wasmer/wasi, with the same
 * guests in the same run. Options: `--rounds=N`, `--calls=N`, `--json`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { init, WASI } from "@wasmer/wasi";
import { compileCommand, Instance } from "../../src/guest/index.ts";
import { discardOutput, emptyInput, emptyRun, type Input, type Output } from "../../src/wasi/index.ts";
import { kitGuest, scratch } from "./peers.ts";
import { median, numberOption, printReport, progress, round } from "./report.ts";
import { makeLoops } from "./wasi-loops.ts";

interface Cost {
  readonly wallNs: number;
  readonly cpuNs: number;
}

/** One host's way to run a guest once, prepared. What it returns throws where the host cannot run the guest. */
type Host = (bytes: Uint8Array<ArrayBuffer>, stdin: Uint8Array) => Promise<() => Promise<Cost>>;

/** What each host took for each guest, round by round; nothing of a host that cannot run it. */
type Costs = Map<string, Map<string, Cost[]>>;

const rounds = numberOption("rounds", 9);
const calls = numberOption("calls", 200_000);
const echoBytes = 10_000_000;

const node = Bun.which("node");
await init();
const hosts: Readonly<Record<string, Host>> = {
  emend: inEmend,
  ...(node === null ? {} : { "node:wasi": inNode }),
  "@wasmer/wasi": inWasmer,
};

const unable: string[] = [];
const loops = await makeLoops(calls);
const callCosts = await takeTurns(
  loops.map((loop) => ({ name: loop.name, bytes: loop.bytes, stdin: new Uint8Array(0) })),
);
const body = new Uint8Array(echoBytes).map((_, i) => i * 31 + 7);
const echo = new Uint8Array(readFileSync(kitGuest("c-echo")));
const echoCosts = await takeTurns([{ name: "c-echo", bytes: echo, stdin: body }]);

const names = Object.keys(hosts);
const targetNs = 100;
const targetMbPerS = 500;
/** The median of what a host took; undefined where it cannot run the guest. */
function tookNs(costs: Costs, guest: string, host: string, part: keyof Cost): number | undefined {
  const taken = costs.get(guest)?.get(host);
  return taken === undefined ? undefined : median(taken.map((cost) => cost[part]));
}

/** A row's cells for each host: wall time, then CPU time. */
function cells(of: (host: string, part: keyof Cost) => number | undefined): Record<string, number | string> {
  const shown = (value: number | undefined): number | string => (value === undefined ? "–" : round(value));
  return Object.fromEntries(
    names.flatMap((host) => [
      [host, shown(of(host, "wallNs"))],
      [`${host} CPU`, shown(of(host, "cpuNs"))],
    ]),
  );
}

const perCall = (loop: string, host: string, part: keyof Cost): number | undefined => {
  const ns = tookNs(callCosts, loop, host, part);
  return ns === undefined ? undefined : ns / calls;
};
const echoMbPerS = (host: string, part: keyof Cost): number | undefined => {
  const ns = tookNs(echoCosts, "c-echo", host, part);
  return ns === undefined ? undefined : (echoBytes / ns) * 1000;
};

printReport({
  benchmark: "host calls of WASI preview 1",
  rows: [
    ...loops.map(({ name }) => ({
      call: `${name}, ns`,
      ...cells((host, part) => perCall(name, host, part)),
    })),
    { call: "10 MB through c-echo, MB/s", ...cells(echoMbPerS) },
  ],
  method: [
    `medians of ${rounds} rounds in turn; a round is one run of a guest that makes ${calls} calls, and the loop around them counts too`,
    "emend and @wasmer/wasi run in this process; node:wasi in a process of its own for each run, its start not counted",
    "emend's output takes the bytes and drops them; @wasmer/wasi keeps them; node:wasi writes them to /dev/null with a system call each",
    "c-echo: a whole run, the guest's own copying included; emend's input copies the body into the guest, its output copies each piece out of it, node:wasi reads and writes files",
  ],
  targets: [
    ...loops.map(({ name }) => ({
      what: `${name}: ns a call, wall time`,
      measured: perCall(name, "emend", "wallNs")!,
      atMost: targetNs,
    })),
    { what: "c-echo: MB/s", measured: echoMbPerS("emend", "wallNs")!, atLeast: targetMbPerS },
  ],
  skipped: [...(node === null ? ["node:wasi: there is no node here"] : []), ...unable],
});
process.exit();

interface Work {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly stdin: Uint8Array;
}

/**
 * Costs of each guest in each host that can run it. Two rounds more than asked for let the engines compile, and
 * show what a host cannot run.
 */
async function takeTurns(works: readonly Work[]): Promise<Costs> {
  const costs: Costs = new Map();
  for (const { name, bytes, stdin } of works) {
    const taken = new Map<string, Cost[]>();
    costs.set(name, taken);
    const prepared = new Map<string, () => Promise<Cost>>();
    for (const [host, prepare] of Object.entries(hosts)) prepared.set(host, await prepare(bytes, stdin));
    for (let turn = -2; turn < rounds; turn++) {
      for (const [host, run] of prepared) {
        progress(`${name} in ${host}: round ${turn + 1} of ${rounds}`);
        try {
          const cost = await run();
          if (turn >= 0) taken.set(host, [...(taken.get(host) ?? []), cost]);
        } catch (error) {
          if (host === "emend") throw error;
          prepared.delete(host);
          unable.push(`${name} in ${host}, which fails with ${String(error).split("\n")[0]}`);
        }
      }
    }
  }
  return costs;
}

async function timed(work: () => unknown): Promise<Cost> {
  const beganCpu = process.cpuUsage();
  const began = process.hrtime.bigint();
  await work();
  const wallNs = Number(process.hrtime.bigint() - began);
  const { user, system } = process.cpuUsage(beganCpu);
  return { wallNs, cpuNs: (user + system) * 1000 };
}

async function inEmend(bytes: Uint8Array<ArrayBuffer>, stdin: Uint8Array): Promise<() => Promise<Cost>> {
  const compiled = await compileCommand(bytes, "guest.wasm");
  const instance = await Instance.create(compiled);
  instance.takeSnapshot();
  const stdout = stdin.length === 0 ? discardOutput : new CopiedOutput(stdin.length + 4096);
  return async () => {
    const run = { ...emptyRun, stdin: stdin.length === 0 ? emptyInput : new BytesInput(stdin), stdout };
    const cost = await timed(() => instance.run(run));
    instance.restore();
    return cost;
  };
}

async function inNode(bytes: Uint8Array<ArrayBuffer>, stdin: Uint8Array): Promise<() => Promise<Cost>> {
  const name = Bun.hash(bytes).toString(36);
  const [module, input] = [join(scratch, `${name}.wasm`), join(scratch, `${name}.in`)];
  writeFileSync(module, bytes);
  writeFileSync(input, stdin);
  const program = join(import.meta.dir, "peers/node-wasi.mjs");
  return async () => {
    const { stdout } = Bun.spawnSync([node!, "--no-warnings", program, module, input, "/dev/null"]);
    return JSON.parse(stdout.toString()) as Cost;
  };
}

async function inWasmer(bytes: Uint8Array<ArrayBuffer>, stdin: Uint8Array): Promise<() => Promise<Cost>> {
  const module = new WebAssembly.Module(bytes);
  return async () => {
    const wasi = new WASI({ args: ["guest.wasm"], env: {} });
    if (stdin.length > 0) wasi.setStdinBuffer(stdin);
    wasi.instantiate(module, {});
    const cost = await timed(() => wasi.start());
    wasi.free();
    return cost;
  };
}

/** A body that is there whole. */
class BytesInput implements Input {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(into: Uint8Array): number {
    const piece = this.#bytes.subarray(this.#offset, this.#offset + into.length);
    into.set(piece);
    this.#offset += piece.length;
    return piece.length;
  }

  available(): number {
    return this.#bytes.length - this.#offset;
  }

  ready(): boolean {
    return true;
  }

  wait(wake: () => void): void {
    wake();
  }
}

/** Keeps what one run writes, each byte copied once. */
class CopiedOutput implements Output {
  readonly #kept: Uint8Array;
  #offset = 0;

  constructor(bytesMax: number) {
    this.#kept = new Uint8Array(bytesMax);
  }

  write(bytes: Uint8Array): number {
    if (this.#offset + bytes.length > this.#kept.length) this.#offset = 0;
    this.#kept.set(bytes, this.#offset);
    this.#offset += bytes.length;
    return bytes.length;
  }

  ready(): boolean {
    return true;
  }

  wait(wake: () => void): void {
    wake();
  }
}
