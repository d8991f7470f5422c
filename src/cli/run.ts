/** `emend run`: one WASI command on this process's stdio. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { Command } from "commander";
import { type CompiledModule, compileCommand, Instance, type Outcome } from "../guest/index.ts";
import { withIoErrors } from "../release/index.ts";
import { loadHostFiles, type Preopen, toByteString } from "../wasi/index.ts";
import { type Allowance, openAllowance } from "./allowance.ts";
import { openStdio, type Stdio } from "./process-stdio.ts";
import { type DirectoryGrant, parseDirectory, parseEnvironment } from "./run-options.ts";

const help = `
Everything behind MODULE belongs to the guest, also what looks like an option; its argv[0] is the file's base name.
It sees the directories and variables named here and nothing else of this machine.

Examples:
  emend run hello.wasm                              with this terminal or pipe as its stdin, stdout and stderr
  emend run --dir . tool.wasm in.txt -o out.txt     the current directory, for reading and writing
  emend run --dir /srv/data::/data:ro tool.wasm     /srv/data under the name /data, for reading only
  emend run --env LANG=C --env HOME tool.wasm       LANG is C, HOME is what it is here (if anything)
  emend run --timeout 2000 tool.wasm < in > out     ended after two seconds
  emend run --fuel 50000000 --memory-max 64 t.wasm  ended after so many instructions; no more than 64 MiB of memory

Exit codes: the guest's own (its low 8 bits); 134 when it traps, 124 when its time or fuel is used up; 1 when the module or a
directory cannot be had, 2 for a wrong command line.`;

/** How long what a stopped guest wrote may take to get out, milliseconds. */
const lastOutputMsMax = 1000;

interface RunOptions {
  readonly dir?: readonly string[];
  readonly env?: readonly string[];
  readonly timeout?: string;
  readonly fuel?: string;
  readonly memoryMax?: string;
}

/** The command. Fails with `usage`, `io`, `module.*`. */
export function runCommand(): Command {
  return new Command("run")
    .description("run a WASI command with this process's stdio")
    .argument("<module>", "a .wasm module")
    .argument("[args...]", "what the guest gets as its arguments")
    .option(
      "--dir <host::guest[:ro]>",
      "a directory for the guest, under its own name without ::guest",
      append,
    )
    .option(
      "--env <name=value>",
      "a variable for the guest; NAME alone takes the value that it has here",
      append,
    )
    .option("--timeout <ms>", "end the guest after so many milliseconds")
    .option("--fuel <units>", "end the guest after so many units, each about one instruction")
    .option("--memory-max <mib>", "let the guest have at most so many MiB of memory")
    .passThroughOptions()
    .addHelpText("after", help)
    .action(run);
}

function append(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

async function run(file: string, args: readonly string[], options: RunOptions): Promise<void> {
  const grants = (options.dir ?? []).map(parseDirectory);
  const environment = parseEnvironment(options.env ?? [], process.env);
  const allowance = openAllowance(options);
  const name = basename(file);
  const bytes = withIoErrors("read", file, () => readFileSync(file));
  const limits = allowance && { limits: allowance.limits };
  const compiled = await compileCommand(bytes, name, { once: true, ...limits });
  const preopens = await openDirectories(grants);

  const stdio = openStdio();
  allowance?.start();
  const instance = await createInstance(compiled, allowance);
  if (instance === undefined) return await finish(name, { kind: "stopped" }, allowance, stdio);
  if (allowance?.timeoutMs !== undefined) setTimeout(() => instance.stop(), allowance.timeoutMs);
  const outcome = await instance.run({
    args: () => [name, ...args].map(toByteString),
    environ: () => [...environment].map(([key, value]) => toByteString(`${key}=${value}`)),
    ...stdio,
    preopens: () => preopens,
  });
  await finish(name, outcome, allowance, stdio);
}

/** An instance; undefined when it came to the end of its allowance while it was initialised. */
async function createInstance(
  compiled: CompiledModule,
  allowance: Allowance | undefined,
): Promise<Instance | undefined> {
  if (allowance === undefined) return await Instance.create(compiled);
  try {
    const isOver = allowance.timeoutMs === undefined ? {} : { isOver: allowance.isTimeOver };
    return await Instance.create(compiled, { meter: allowance, ...isOver });
  } catch (error) {
    if (allowance.isTimeOver() || allowance.isFuelUsedUp()) return undefined;
    throw error;
  }
}

async function openDirectories(grants: readonly DirectoryGrant[]): Promise<readonly Preopen[]> {
  if (grants.length === 0) return [];
  const { openHostDirectory } = await loadHostFiles();
  return grants.map(({ host, guest, readOnly }) => ({
    name: guest,
    directory: openHostDirectory(host, { readOnly }),
    readOnly,
  }));
}

/** Lets all output out, says why a guest did not end by itself, and leaves the exit code. */
async function finish(
  name: string,
  outcome: Outcome,
  allowance: Allowance | undefined,
  stdio: Stdio,
): Promise<void> {
  // Whose time is over shall not go on for a reader that does not read.
  const patienceMs = outcome.kind === "stopped" ? lastOutputMsMax : undefined;
  await flush(stdio, patienceMs);
  const problem = problemOf(outcome, allowance);
  if (problem !== undefined) {
    const words = Buffer.from(`emend: ${name} ${problem}\n`);
    stdio.stderr.write(words, 0, words.length);
    await flush(stdio, patienceMs);
  }
  process.exitCode = exitCodeOf(outcome);
}

function problemOf(outcome: Outcome, allowance: Allowance | undefined): string | undefined {
  switch (outcome.kind) {
    case "exit":
      return undefined;
    case "trap":
      return `trapped: ${outcome.message}`;
    case "stopped":
      return allowance?.isFuelUsedUp() ? "was ended: its fuel is used up" : "was ended: its time is over";
  }
}

function exitCodeOf(outcome: Outcome): number {
  switch (outcome.kind) {
    case "exit":
      // A process has eight bits for its code; a failure stays one where they are all 0.
      return outcome.code === 0 ? 0 : outcome.code & 0xff || 1;
    case "trap":
      return 134;
    case "stopped":
      return 124;
  }
}

async function flush({ stdout, stderr }: Stdio, patienceMs: number | undefined): Promise<void> {
  const flushed = Promise.all([stdout.drained(), stderr.drained()]);
  await (patienceMs === undefined ? flushed : Promise.race([flushed, Bun.sleep(patienceMs)]));
}
