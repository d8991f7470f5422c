/**
 * The command table. Only the command that was asked for is loaded: starting is part of what emend is
 * measured by.
 */
import { Command, CommanderError } from "commander";
import { EmendError } from "../errors.ts";
import { version } from "../version.ts";
import { NodeRefusal } from "./node-refusal.ts";

/** Every command by name, in the order of the help text. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import("./serve.ts")).serveCommand(),
  init: async () => (await import("./init.ts")).initCommand(),
  build: async () => (await import("./build.ts")).buildCommand(),
  run: async () => (await import("./run.ts")).runCommand(),
  inspect: async () => (await import("./inspect.ts")).inspectCommand(),
  diff: async () => (await import("./diff.ts")).diffCommand(),
  apply: async () => (await import("./apply.ts")).applyCommand(),
  keygen: async () => (await import("./keygen.ts")).keygenCommand(),
  verify: async () => (await import("./verify.ts")).verifyCommand(),
  patch: async () => (await import("./patch.ts")).patchCommand(),
  push: async () => (await import("./push.ts")).pushCommand(),
  status: async () => (await import("./status.ts")).statusCommand(),
  rollback: async () => (await import("./rollback.ts")).rollbackCommand(),
  canary: async () => (await import("./canary.ts")).canaryCommand(),
  events: async () => (await import("./events.ts")).eventsCommand(),
  reload: async () => (await import("./reload.ts")).reloadCommand(),
  config: async () => (await import("./config.ts")).configCommand(),
  token: async () => (await import("./token.ts")).tokenCommand(),
};

const help = `
Examples:
  emend serve                      serve the embedded site on 127.0.0.1:8080
  emend init site                  make a small site to start from
  emend serve site --watch         serve it, and each change at once
  emend build site -o my-site      write an executable that carries it
  emend run tool.wasm ARG…         run a WASI command here
  emend diff OLD NEW -o DELTA      make the smallest delta between two files
  emend apply OLD DELTA -o NEW     make the new file from it
  emend keygen -o deploy           make a key pair for signing patches
  emend verify FILE --key PUB      verify a patch, and print what it would change
  emend patch --from OLD --to NEW --key deploy.key -o FILE
                                   sign what changes from one release to the next
  emend push FILE --to URL         make a running node take it
  emend rollback --to URL          and go back again

Each command has a --help of its own.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused (the last word on stderr, and \`code\` in --json, says why);
\`emend run\` ends with the guest's own.`;

/**
 * Runs a command line.
 *
 * @param args what follows the program's name.
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage, 3 refused; a guest's own from `run`.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const program = new Command("emend")
    .description("an edge runtime in one executable: static assets and WebAssembly handlers")
    .version(version)
    .addHelpText("after", help)
    .showHelpAfterError("(see --help)")
    // What stands behind the module of `emend run` belongs to the guest.
    .enablePositionalOptions()
    .exitOverride();
  const asked = Object.keys(commands).find((name) => name === args[0]);
  const wanted = asked === undefined ? Object.values(commands) : [commands[asked]!];
  for (const load of wanted) program.addCommand(withExitOverride(await load()));
  try {
    if (args.length === 0) {
      program.outputHelp();
      return 0;
    }
    await program.parseAsync([...args], { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return exitCodeOf(error, program.commands.some(isJsonWanted));
  }
}

function withExitOverride(command: Command): Command {
  command.exitOverride().showHelpAfterError("(see --help)");
  for (const each of command.commands) withExitOverride(each);
  return command;
}

/** Whether --json was given to a command or to one below it. */
function isJsonWanted(command: Command): boolean {
  return command.opts().json === true || command.commands.some(isJsonWanted);
}

/** Says what went wrong, once and without a stack, and gives the exit code for it. Our own bugs keep theirs. */
function exitCodeOf(error: unknown, asJson: boolean): number {
  // Commander has written its own message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const refusal = refusalIn(error);
  if (refusal === undefined) {
    if (!(error instanceof EmendError)) throw error;
    process.stderr.write(`emend: ${error.message}\n`);
    return error.code === "usage" ? 2 : 1;
  }
  const { code, message } = refusal;
  process.stderr.write(`emend: ${message}: ${code}\n`);
  if (asJson) process.stdout.write(`${JSON.stringify({ code, message })}\n`);
  return 3;
}

/** A refusal is for scripts to tell from a failure: the input is at fault, and trying again changes nothing. */
function refusalIn(error: unknown): { readonly code: string; readonly message: string } | undefined {
  if (error instanceof NodeRefusal) return error;
  return error instanceof EmendError && refusals.test(error.code) ? error : undefined;
}

/** What this program itself refuses. Modules and sites that it cannot serve are failures of the command that tried. */
const refusals = /^(delta|patch)\.|^(release|site)\.unknown$/;
