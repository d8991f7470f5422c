/** `emend reload`: a node that serves a directory or one module reads it again. */
import { Command } from "commander";
import { reloadResultSchema } from "../admin/index.ts";
import { connect, type NodeOptions, nodeHelp, withNodeOptions } from "./node-options.ts";

const help = `
Examples:
  emend reload hello.wasm --to http://127.0.0.1:9080      after building it again
  emend reload --to http://127.0.0.1:9080                 whatever changed in the directory
${nodeHelp}`;

/** The command. Fails with what the node refuses (`module.*`, `site.config`, `io` …), and `usage` and `io`. */
export function reloadCommand(): Command {
  const command = new Command("reload")
    .description("make a node that serves a directory or a module read it again")
    .argument("[module]", "the module that changed, as site.toml names it (default: all of the site)");
  return withNodeOptions(command).addHelpText("after", help).action(reload);
}

async function reload(module: string | undefined, options: NodeOptions): Promise<void> {
  const client = connect(options.to, options);
  const answer = await client.post("/_reload", reloadResultSchema, module === undefined ? {} : { module });
  console.log(options.json ? JSON.stringify(answer) : `reloaded: ${answer.checksum}`);
}
