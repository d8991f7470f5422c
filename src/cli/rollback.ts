/** `emend rollback`: a node goes back to a release that it keeps. */
import { Command } from "commander";
import { type ReleaseSummary, releaseHistorySchema, updateResultSchema } from "../admin/index.ts";
import { EmendError } from "../errors.ts";
import type { NodeClient } from "./node-client.ts";
import { connect, type NodeOptions, nodeHelp, siteName, sitePath, withNodeOptions } from "./node-options.ts";
import { updateText } from "./update-report.ts";

interface RollbackOptions extends NodeOptions {
  readonly site: string;
  readonly release?: string;
  readonly insist?: true;
}

const help = `
Examples:
  emend rollback --to https://node.example:9080                           to the release before
  emend rollback --to https://node.example:9080 --release 3f2a9c01b7d4    to one of those that emend status lists

The release that is left is remembered as bad: it comes back only with --insist. Patches made against it still apply.
${nodeHelp}`;

/** The command. Fails with what the node refuses (`release.unknown`, `release.bad`, `busy` …), and `usage` and `io`. */
export function rollbackCommand(): Command {
  const command = new Command("rollback")
    .description("make a node go back to an earlier release")
    .option("--site <name>", "the site of the node", siteName, "default")
    .option("--release <digest>", "the release, or how its digest begins (default: the one before)")
    .option("--insist", "also to a release that was rolled back from");
  return withNodeOptions(command).addHelpText("after", help).action(rollback);
}

async function rollback(options: RollbackOptions): Promise<void> {
  const client = connect(options.to, options);
  const release =
    options.release === undefined ? null : await findRelease(client, options.site, options.release);
  const result = await client.post(sitePath(options.site, "rollback"), updateResultSchema, {
    ...(release === null ? {} : { release }),
    ...(options.insist ? { insist: true } : {}),
  });
  console.log(options.json ? JSON.stringify(result) : updateText(result));
}

/** The whole digest; a beginning of it is looked up among the node's releases. */
async function findRelease(client: NodeClient, site: string, text: string): Promise<string> {
  const digits = /^(?:sha256:)?([0-9a-f]{8,64})$/.exec(text)?.[1];
  if (digits === undefined) {
    throw new EmendError("usage", `--release ${JSON.stringify(text)}: expected 8 to 64 hexadecimal digits`);
  }
  if (digits.length === 64) return `sha256:${digits}`;
  const { releases } = await client.get(sitePath(site, "releases"), releaseHistorySchema);
  const found = releases.filter(({ release }) => release.startsWith(`sha256:${digits}`));
  if (found.length === 1) return found[0]!.release;
  throw new EmendError("release.unknown", `${client.origin}: ${ambiguity(digits, found)}`);
}

function ambiguity(digits: string, found: readonly ReleaseSummary[]): string {
  if (found.length === 0) return `keeps no release whose digest begins with ${digits}`;
  return `keeps ${found.length} releases whose digests begin with ${digits}; give more of it`;
}
