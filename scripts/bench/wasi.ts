/**
 * `npm run bench:wasi`: what host calls cost, in emend and beside it in node:wasi and in @wasmer/wasi, with the same
 * guests in the same run. Options: `--rounds=N`, `--calls=N`, `--json`.
 */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { init, MemFS, WASI } from "@wasmer/wasi";
import { compileCommand, Instance } from "../../src/guest/index.ts";
import {
  createScratch,
  discardOutput,
  emptyInput,
  emptyRun,
  type Input,
  loadHostFiles,
  type OpenDirectory,
  type Output,
} from "../../src/wasi/index.ts";
import { kitGuest, scratch } from "./peers.ts";
import { median, numberOption, printReport, progress, round } from "./report.ts";
import { makeLoops } from "./wasi-loops.ts";

interface Cost {
  readonly wallNs: number;
  readonly cpuNs: number;
}

/** One host's way to run a guest once, prepared. What it returns throws where the host cannot run the guest. */
type Host = (work: Work) => Promise<() => Promise<Cost>>;

/** What each host took for each guest, round by round; nothing of a host that cannot run it. */
type Costs = Map<string, Map<string, Cost[]>>;

const rounds = numberOption("rounds", 9);
const calls = numberOption("calls", 200_000);
const echoBytes = 10_000_000;

const node = Bun.which("node");
const { openHostDirectory } = await loadHostFiles();
const scratchDirectory = (): string => mkdtempSync(join(scratch, "files-"));
await init();
const hosts: Readonly<Record<string, Host>> = {
  emend: (work) => inEmend(work, () => createScratch(2 ** 20)),
  "emend, real files": (work) =>
    inEmend(work, () => openHostDirectory(scratchDirectory(), { readOnly: false })),
  ...(node === null ? {} : { "node:wasi": inNode }),
  "@wasmer/wasi": inWasmer,
};

const unable: string[] = [];
const loops = await makeLoops(calls);
const callCosts = await takeTurns(
  loops.map(({ name, bytes, files }) => ({ name, bytes, files, stdin: new Uint8Array(0) })),
);
const body = new Uint8Array(echoBytes).map((_, i) => i * 31 + 7);
const echo = new Uint8Array(readFileSync(kitGuest("c-echo")));
const echoCosts = await takeTurns([{ name: "c-echo", bytes: echo, files: false, stdin: body }]);

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
    "files: emend and @wasmer/wasi have them in memory, node:wasi in a directory for temporary files; emend there, too, on the thread that serves",
    "c-echo: a whole run, the guest's own copying included; emend's input copies the body into the guest, its output copies each piece out of it, node:wasi reads and writes files",
  ],
  targets: [
    // CPU time: on a machine with nothing else to do it is the wall time, and on others it is what the host can help.
    ...loops
      .filter(({ files }) => !files)
      .map(({ name }) => ({
        what: `${name}: ns a call, CPU time`,
        measured: perCall(name, "emend", "cpuNs")!,
        atMost: targetNs,
      })),
    { what: "c-echo: MB/s, CPU time", measured: echoMbPerS("emend", "cpuNs")!, atLeast: targetMbPerS },
  ],
  skipped: [...(node === null ? ["node:wasi: there is no node here"] : []), ...unable],
});
process.exit();

interface Work {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly stdin: Uint8Array;
  /** Whether it wants a directory to work in. */
  readonly files: boolean;
}

/**
 * Costs of each guest in each host that can run it. Two rounds more than asked for let the engines compile, and
 * show what a host cannot run.
 */
async function takeTurns(works: readonly Work[]): Promise<Costs> {
  const costs: Costs = new Map();
  for (const work of works) {
    const { name } = work;
    const taken = new Map<string, Cost[]>();
    costs.set(name, taken);
    const prepared = new Map<string, () => Promise<Cost>>();
    for (const [host, prepare] of Object.entries(hosts))
      if (work.files || host !== "emend, real files") prepared.set(host, await prepare(work));
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

async function inEmend(
  { bytes, stdin, files }: Work,
  open: () => OpenDirectory,
): Promise<() => Promise<Cost>> {
  const compiled = await compileCommand(bytes, "guest.wasm");
  const instance = await Instance.create(compiled);
  instance.takeSnapshot();
  const stdout = stdin.length === 0 ? discardOutput : new CopiedOutput(stdin.length + 4096);
  return async () => {
    const preopens = files ? [{ name: "/", directory: open(), readOnly: false }] : [];
    const run = {
      ...emptyRun,
      stdin: stdin.length === 0 ? emptyInput : new BytesInput(stdin),
      stdout,
      preopens: () => preopens,
    };
    const cost = await timed(() => instance.run(run));
    instance.restore();
    for (const { directory } of preopens) directory.close();
    return cost;
  };
}

async function inNode({ bytes, stdin, files }: Work): Promise<() => Promise<Cost>> {
  const name = Bun.hash(bytes).toString(36);
  const [module, input] = [join(scratch, `${name}.wasm`), join(scratch, `${name}.in`)];
  writeFileSync(module, bytes);
  writeFileSync(input, stdin);
  const program = join(import.meta.dir, "peers/node-wasi.mjs");
  return async () => {
    const directory = files ? [scratchDirectory()] : [];
    const command = [node!, "--no-warnings", program, module, input, "/dev/null", ...directory];
    const { stdout } = Bun.spawnSync(command);
    return JSON.parse(stdout.toString()) as Cost;
  };
}

async function inWasmer({ bytes, stdin, files }: Work): Promise<() => Promise<Cost>> {
  const module = new WebAssembly.Module(bytes);
  return async () => {
    const fs = files ? { fs: new MemFS(), preopens: { "/": "/" } } : {};
    const wasi = new WASI({ args: ["guest.wasm"], env: {}, ...fs });
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

  read(into: Uint8Array, start: number, end: number): number {
    const piece = this.#bytes.subarray(this.#offset, this.#offset + end - start);
    into.set(piece, start);
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

  write(bytes: Uint8Array, start: number, end: number): number {
    const count = end - start;
    if (this.#offset + count > this.#kept.length) this.#offset = 0;
    this.#kept.set(bytes.subarray(start, end), this.#offset);
    this.#offset += count;
    return count;
  }

  ready(): boolean {
    return true;
  }

  wait(wake: () => void): void {
    wake();
  }
}
