/** `emend status`: what a node answers with, and how its sites stand with their updates. */
import { Command } from "commander";
import { type NodeStatus, nodeStatusSchema, type ReleaseSummary, type SiteStatus } from "../admin/index.ts";
import { EmendError } from "../errors.ts";
import { columns } from "./columns.ts";
import { shownBytes } from "./file-table.ts";
import { connect, type NodeOptions, nodeHelp, siteName, withNodeOptions } from "./node-options.ts";
import { printable } from "./printable.ts";
import { canaryText, healthText } from "./update-report.ts";

interface StatusOptions extends NodeOptions {
  readonly site?: string;
}

const help = `
Examples:
  emend status --to https://node.example:9080
  emend status --to https://node.example:9080 --json | jq -r '.sites[] | [.site, .release, .sequence] | @tsv'
${nodeHelp}`;

/** The command. Fails with what the node refuses, `site.unknown`, `usage` and `io`. */
export function statusCommand(): Command {
  const command = new Command("status")
    .description("print what runs on a node")
    .option("--site <name>", "of this site only (default: all)", siteName);
  return withNodeOptions(command).addHelpText("after", help).action(status);
}

async function status(options: StatusOptions): Promise<void> {
  const client = connect(options.to, options);
  const said = await client.get("/v1/status", nodeStatusSchema);
  const sites = said.sites.filter(({ site }) => site === (options.site ?? site));
  if (options.site !== undefined && sites.length === 0) {
    throw new EmendError("site.unknown", `${client.origin}: serves no site ${JSON.stringify(options.site)}`);
  }
  const shown = { ...said, sites };
  console.log(options.json ? JSON.stringify(shown) : statusText(shown));
}

function statusText({ node, version, uptimeS, memory, sites }: NodeStatus): string {
  const head = `node ${node}, emend ${printable(version)}, up ${Math.round(uptimeS)} s`;
  // A token of one site is not told.
  const used = memory === null ? "" : `, ${shownBytes(memory.rssBytes)} of memory`;
  return [`${head}${used}`, ...sites.map(siteText)].join("\n");
}

function siteText(status: SiteStatus): string {
  const { site, release, sequence, floor, generation, busy, watch, canary, releases, traffic } = status;
  const lines = [
    `site ${printable(site)}: ${release}${busy ? ", an update is under way" : ""}`,
    `  sequence ${sequence}, floor ${floor}, generation ${generation}, ${traffic.requests} requests`,
  ];
  if (watch !== null) {
    lines.push(`  watched until ${watch.endsAt}, else back to ${watch.before}: ${healthText(watch.health)}`);
  }
  if (canary !== null)
    lines.push(
      ...canaryText(canary)
        .split("\n")
        .map((line) => `  ${line}`),
    );
  lines.push(...columns(releases.map(releaseCells)).map((line) => `  ${line}`));
  return lines.join("\n");
}

/** Twelve digits of a digest, as `x-emend-release` shows it and `rollback --release` takes it. */
const shortDigestChars = "sha256:".length + 12;

function releaseCells({ release, state, bad, sequence, files, bytes, label }: ReleaseSummary): string[] {
  return [
    bad ? "bad" : state,
    release.slice("sha256:".length, shortDigestChars),
    `sequence ${sequence}`,
    `${files} files`,
    shownBytes(bytes),
    label === null ? "" : printable(label),
  ];
}
