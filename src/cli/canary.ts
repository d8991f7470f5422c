/** `emend canary`: ends a canary by hand. */
import { Argument, Command } from "commander";
import { canaryStatusSchema } from "../admin/index.ts";
import { connect, type NodeOptions, nodeHelp, siteName, sitePath, withNodeOptions } from "./node-options.ts";
import { canaryText } from "./update-report.ts";

interface CanaryOptions extends NodeOptions {
  readonly site: string;
}

const help = `
Examples:
  emend canary promote --to https://node.example:9080     it answers everything from now on
  emend canary abort --to https://node.example:9080       it answers nothing any more, and is remembered as bad
${nodeHelp}`;

/** The command. Fails with what the node refuses (`canary.none`, `busy` …), and `usage` and `io`. */
export function canaryCommand(): Command {
  const command = new Command("canary")
    .description("end a canary before its verdict")
    .addArgument(new Argument("<verdict>", "what becomes of it").choices(["promote", "abort"]))
    .option("--site <name>", "the site of the node", siteName, "default");
  return withNodeOptions(command).addHelpText("after", help).action(endCanary);
}

async function endCanary(verdict: string, options: CanaryOptions): Promise<void> {
  const client = connect(options.to, options);
  const status = await client.post(sitePath(options.site, `canary/${verdict}`), canaryStatusSchema);
  console.log(options.json ? JSON.stringify(status) : canaryText(status));
}
