/**
 * The executable that `npm run build` makes, run as a person would: a process of its own, in a directory of its
 * own, with next to nothing in its environment.
 *
 * @example
 * ```ts
 * await using node = await startNode(["site", "--ephemeral"]);
 * const response = await fetch(`${node.url}/hello`);
 * expect(await node.stop("SIGTERM")).toBe(0);
 * ```
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type LoggedRecord, waitFor } from "./serve-sites.ts";

/** Where the build puts it. */
export const emend: string = join(import.meta.dir, "../../dist/emend");

/** The operator token of nodes that are started here and not told another. */
export const testToken = "emend-test-token-of-an-operator";

/** Whether there is an executable to test; prints the reason why a file of tests is skipped. */
export function isExecutableBuilt(testFile: string): boolean {
  const built = existsSync(emend);
  if (!built) console.log(`${basename(testFile)} is skipped: there is no dist/emend (npm run build)`);
  return built;
}

/** An empty directory under the system's temporary one, for `using`. */
export interface Scratch extends Disposable {
  readonly path: string;
}

/** Makes a directory that is removed with all that is in it. */
export function createScratch(): Scratch {
  const path = mkdtempSync(join(tmpdir(), "emend-binary-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export interface RunOptions {
  /** The system's temporary directory when left out. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Another executable than `dist/emend`. */
  readonly program?: string;
}

/** How a command ended. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end; one that has not ended after 10 s is killed, which shows as exit code 137. */
export async function runCommand(args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const child = spawn(args, options);
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  const [exitCode, stdout, stderr] = await Promise.all([
    child.exited,
    child.stdout.text(),
    child.stderr.text(),
  ]);
  clearTimeout(timer);
  return { exitCode, stdout, stderr };
}

/** The line that a node prints when it answers, as the contract has it. */
export interface ReadyLine {
  readonly event: "listening";
  readonly addr: string;
  readonly admin: string | null;
  readonly node: string;
  readonly sites: readonly { readonly site: string; readonly release: string; readonly sequence: number }[];
  readonly startMs: number;
}

/** A node that answers. */
export interface NodeProcess extends AsyncDisposable {
  readonly ready: ReadyLine;
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<number>;
  /** The lines of stdout up to now, but for those of the start. */
  readonly records: () => LoggedRecord[];
  /** The first record that `wanted` accepts; waits for it up to 3 s. */
  readonly record: (wanted: (record: LoggedRecord) => boolean) => Promise<LoggedRecord>;
  readonly stderr: () => string;
  /** Asks the admin listener, with the token of the tests where none is named. */
  readonly ask: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Response>;
  readonly signal: (name: NodeJS.Signals) => void;
  /** Sends a signal and waits for the exit code. */
  readonly stop: (name?: NodeJS.Signals) => Promise<number>;
}

/**
 * Starts `emend serve` with free ports and JSON lines. What `args` say comes behind and wins.
 *
 * @throws Error with what the node wrote on stderr when it ends before it listens.
 */
export async function startNode(
  args: readonly string[] = [],
  { env = { EMEND_TOKEN: testToken }, ...options }: RunOptions = {},
): Promise<NodeProcess> {
  const common = ["serve", "--addr", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log", "json"];
  const child = spawn([...common, ...args], { env, ...options });
  let stdout = "";
  let stderr = "";
  collect(child.stdout, (text) => {
    stdout += text;
  });
  collect(child.stderr, (text) => {
    stderr += text;
  });
  const lines = (): string[] => stdout.split("\n").slice(0, -1);
  const first = await waitFor(
    "the ready line",
    () => {
      if (child.exitCode !== null) throw new Error(`the node ended with ${child.exitCode}: ${stderr}`);
      return lines()[0];
    },
    10_000,
  );
  const ready: ReadyLine = JSON.parse(first);
  const records = (): LoggedRecord[] =>
    lines()
      .slice(1)
      .map((line) => JSON.parse(line));
  const stop = (name: NodeJS.Signals = "SIGTERM"): Promise<number> => {
    child.kill(name);
    return child.exited;
  };
  return {
    ready,
    url: ready.addr,
    port: Number(new URL(ready.addr).port),
    pid: child.pid,
    exited: child.exited,
    records,
    record: (wanted) => waitFor("a record in the log", () => records().find((each) => wanted(each))),
    stderr: () => stderr,
    ask: (path, headers = { authorization: `Bearer ${testToken}` }) =>
      fetch(`${ready.admin}${path}`, { headers }),
    signal: (name) => child.kill(name),
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop("SIGKILL");
    },
  };
}

function spawn(
  args: readonly string[],
  { cwd = tmpdir(), env = {}, program = emend }: RunOptions,
): Bun.Subprocess<"ignore", "pipe", "pipe"> {
  return Bun.spawn([program, ...args], {
    cwd,
    env: { PATH: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function collect(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const piece of stream) take(decoder.decode(piece, { stream: true }));
}
