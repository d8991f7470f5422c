/** `emend run`: one WASI command on this process's stdio. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { Command } from "commander";
import { compileCommand, Instance, type Outcome } from "../guest/index.ts";
import { withIoErrors } from "../release/index.ts";
import { loadHostFiles, type Preopen, toByteString } from "../wasi/index.ts";
import { openStdio, type Stdio } from "./process-stdio.ts";
import { type DirectoryGrant, parseDirectory, parseEnvironment, parseTimeoutMs } from "./run-options.ts";

const help = `
Everything behind MODULE belongs to the guest, also what looks like an option; its argv[0] is the file's base name.
It sees the directories and variables named here and nothing else of this machine.

Examples:
  emend run hello.wasm                              with this terminal or pipe as its stdin, stdout and stderr
  emend run --dir . tool.wasm in.txt -o out.txt     the current directory, for reading and writing
  emend run --dir /srv/data::/data:ro tool.wasm     /srv/data under the name /data, for reading only
  emend run --env LANG=C --env HOME tool.wasm       LANG is C, HOME is what it is here (if anything)
  emend run --timeout 2000 tool.wasm < in > out     ended after two seconds

Exit codes: the guest's own (its low 8 bits); 134 when it traps, 124 when its time is over; 1 when the module or a
directory cannot be had, 2 for a wrong command line.`;

/** How long what a stopped guest wrote may take to get out, milliseconds. */
const lastOutputMsMax = 1000;

interface RunOptions {
  readonly dir?: readonly string[];
  readonly env?: readonly string[];
  readonly timeout?: string;
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
  const timeoutMs = options.timeout === undefined ? undefined : parseTimeoutMs(options.timeout);
  const name = basename(file);
  const bytes = withIoErrors("read", file, () => readFileSync(file));
  const compiled = await compileCommand(bytes, name, { once: true });
  const preopens = await openDirectories(grants);

  const endMs = performance.now() + (timeoutMs ?? Number.POSITIVE_INFINITY);
  const instance = await Instance.create(
    compiled,
    timeoutMs === undefined ? {} : { isOver: () => performance.now() > endMs },
  );
  if (timeoutMs !== undefined) setTimeout(() => instance.stop(), timeoutMs);
  const stdio = openStdio();
  const outcome = await instance.run({
    args: () => [name, ...args].map(toByteString),
    environ: () => [...environment].map(([key, value]) => toByteString(`${key}=${value}`)),
    ...stdio,
    preopens: () => preopens,
  });
  await finish(name, outcome, stdio);
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
async function finish(name: string, outcome: Outcome, stdio: Stdio): Promise<void> {
  // Whose time is over shall not go on for a reader that does not read.
  const patienceMs = outcome.kind === "stopped" ? lastOutputMsMax : undefined;
  await flush(stdio, patienceMs);
  const problem = problemOf(outcome);
  if (problem !== undefined) {
    stdio.stderr.write(Buffer.from(`emend: ${name} ${problem}\n`));
    await flush(stdio, patienceMs);
  }
  process.exitCode = exitCodeOf(outcome);
}

function problemOf(outcome: Outcome): string | undefined {
  switch (outcome.kind) {
    case "exit":
      return undefined;
    case "trap":
      return `trapped: ${outcome.message}`;
    case "stopped":
      return "was ended: its time is over";
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
