/** `emend push`: uploads a patch and says what the node made of it. */
import { Command } from "commander";
import { updateResultSchema } from "../admin/index.ts";
import { EmendError } from "../errors.ts";
import { readInput } from "./delta-files.ts";
import { connect, type NodeOptions, nodeHelp, siteName, sitePath, withNodeOptions } from "./node-options.ts";
import { progressBar } from "./progress-bar.ts";
import { updateText } from "./update-report.ts";

interface PushOptions extends NodeOptions {
  readonly site: string;
  readonly dryRun?: true;
  /** True when the percentage is left to the site's configuration. */
  readonly canary?: string | true;
  readonly insist?: true;
}

const help = `
Examples:
  emend push v2.emend --to https://node.example:9080
  emend push v2.emend --to https://node.example:9080 --dry-run      everything but the change
  emend push v2.emend --to https://node.example:9080 --canary 5     to five of a hundred clients first
  ssh -N -L 9080:127.0.0.1:9080 node &  emend push v2.emend --to http://127.0.0.1:9080

Exit codes: 0 applied, 3 refused (patch.wrong-base: make the patch again, from what runs now), 1 failed: nothing is
known about the node then; pushing again is safe, patch.replayed says that it had been applied.
${nodeHelp}`;

/** The command. Fails with what the node refuses, and `usage` and `io`. */
export function pushCommand(): Command {
  const command = new Command("push")
    .description("upload a patch to a node")
    .argument("<file.emend>", "the patch")
    .option("--site <name>", "the site of the node", siteName, "default")
    .option("--dry-run", "let the node check it and change nothing")
    .option("--canary [percent]", "let it answer so many of a hundred clients first (default: the site's)")
    .option("--insist", "also a release that was rolled back from");
  return withNodeOptions(command).addHelpText("after", help).action(push);
}

async function push(file: string, options: PushOptions): Promise<void> {
  const client = connect(options.to, options);
  const path = sitePath(options.site, `patches${queryOf(options)}`);
  const patch = readInput(file);
  using bar = progressBar("push");
  const result = await client.upload(path, updateResultSchema, patch, (sent) =>
    bar.update(sent / patch.length),
  );
  bar[Symbol.dispose]();
  console.log(options.json ? JSON.stringify(result) : updateText(result));
}

function queryOf({ dryRun, canary, insist }: PushOptions): string {
  const query = new URLSearchParams();
  if (dryRun) query.set("dry-run", "1");
  if (canary !== undefined) query.set("canary", canary === true ? "" : percentOf(canary));
  if (insist) query.set("insist", "1");
  return query.size === 0 ? "" : `?${query}`;
}

function percentOf(text: string): string {
  const percent = Number(text);
  if (text.trim() !== "" && percent > 0 && percent <= 100) return String(percent);
  throw new EmendError("usage", `--canary ${text}: expected a percentage above 0 and up to 100`);
}
