/**
 * The command table. Only the command that was asked for is loaded: starting is part of what emend is
 * measured by.
 */
import { Command, CommanderError } from "commander";
import { EmendError, type ErrorCode } from "../errors.ts";
import { version } from "../version.ts";

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
  if (!(error instanceof EmendError)) throw error;
  const { code, message } = error;
  if (!isRefusal(code)) {
    process.stderr.write(`emend: ${message}\n`);
    return code === "usage" ? 2 : 1;
  }
  process.stderr.write(`emend: ${message}: ${code}\n`);
  if (asJson) process.stdout.write(`${JSON.stringify({ code, message })}\n`);
  return 3;
}

/** A refusal is for scripts to tell from a failure: the input is at fault, and trying again changes nothing. */
function isRefusal(code: ErrorCode): boolean {
  return /^(delta|patch)\./.test(code);
}
