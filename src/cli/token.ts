/** `emend token`: prints the operator token that a local node keeps, and never makes one. Other tokens are below it. */
import { resolve } from "node:path";
import { Command } from "commander";
import { EmendError } from "../errors.ts";
import { defaultStateDir, readOperatorToken } from "../state/index.ts";
import { keptTokenCommands } from "./kept-tokens.ts";

const help = `
Examples:
  emend token                             of the node started in this directory
  emend token --state /var/lib/emend      of another
  emend token add ci --role publish       make another, for a pipeline
  curl -H "Authorization: Bearer $(emend token)" http://127.0.0.1:9080/v1/status

A node that was started with EMEND_TOKEN or --ephemeral keeps no token.`;

interface TokenOptions {
  readonly state: string;
  readonly json?: true;
}

/** The command. Fails with `io` when the directory keeps no token, or none that can be trusted. */
export function tokenCommand(): Command {
  const command = new Command("token")
    .description("print the operator token of a local node, or manage further ones")
    // What stands behind `add` is its own: its --state, too.
    .enablePositionalOptions()
    .option("--state <dir>", "the node's state directory", defaultStateDir)
    .option("--json", "print one JSON document")
    .addHelpText("after", help)
    .action(printToken);
  for (const each of keptTokenCommands()) command.addCommand(each.copyInheritedSettings(command));
  return command;
}

function printToken({ state, json }: TokenOptions, command: Command): void {
  const dir = resolve(state);
  const token = readOperatorToken(dir);
  if (token === undefined) {
    throw new EmendError(
      "io",
      `no operator token in ${dir}: no node has been started with this state directory, ` +
        "or it was started with EMEND_TOKEN; name the node's directory with --state DIR",
    );
  }
  command.configureOutput().writeOut?.(json ? `${JSON.stringify({ token, state: dir })}\n` : `${token}\n`);
}
