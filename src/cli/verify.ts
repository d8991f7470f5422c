/** `emend verify`: everything that a node checks of a patch and that needs no node. */
import { Command } from "commander";
import { EmendError } from "../errors.ts";
import {
  checkPolicy,
  openEnvelope,
  payloadsOf,
  type VerifiedManifest,
  verifyEnvelope,
} from "../trust/index.ts";
import { readInput } from "./delta-files.ts";
import { patchText, reportPatch } from "./patch-report.ts";
import { collectValues, readPublicKeys } from "./read-public-keys.ts";

interface Options {
  readonly key?: readonly string[];
  readonly threshold: number;
  readonly site?: string;
  readonly json?: true;
}

const help = `
Examples:
  emend verify v2.emend --key deploy.pub                       who signed it, and every byte of it
  emend verify v2.emend --key a.pub --key b.pub --threshold 2  two of two have to have signed
  emend verify v2.emend --key RWQ… --site shop --json          for a script

Whether a node takes it depends on that node too: its sequence, what it runs, and that the modules pass its checks.`;

/** The command. Fails with `patch.*`, `key.format` and `io`. */
export function verifyCommand(): Command {
  return new Command("verify")
    .description("verify a patch offline, and print what it would change")
    .argument("<file>", "a patch, FILE.emend")
    .option(
      "--key <key>",
      "a public key, RWQ… or NAME.pub, that may have signed it; several times",
      collectValues,
    )
    .option("--threshold <n>", "how many of the keys must have signed", positiveInteger, 1)
    .option("--site <name>", "refuse a patch for another site")
    .option("--json", "print one JSON document")
    .addHelpText("after", help)
    .action(verify);
}

function verify(file: string, { key = [], threshold, site, json }: Options): void {
  if (key.length === 0) throw new EmendError("usage", "expected --key NAME.pub or --key RWQ…, found none");
  const keys = readPublicKeys(key);
  if (threshold > keys.length) {
    throw new EmendError(
      "usage",
      `expected --threshold of at most ${keys.length}, the keys given, found ${threshold}`,
    );
  }
  const patch = readInput(file);
  const verified = verifyEnvelope(openEnvelope(patch), { keys, retired: [], threshold });
  checkPolicy(verified, anyNode(verified, site));
  for (const _ of payloadsOf(verified, patch));
  const report = reportPatch(verified.manifest, verified.digest, patch.length);
  const { signers } = verified;
  process.stdout.write(
    json
      ? `${JSON.stringify({ verified: true, signers, ...report })}\n`
      : `verified: signed by ${signers.join(", ")}, ${patch.length} bytes, all intact\n${patchText(report)}\n`,
  );
}

/** A node that has what it needs and has seen nothing yet: what is left to check is the site and the clock. */
function anyNode(
  { manifest }: VerifiedManifest,
  site: string | undefined,
): Parameters<typeof checkPolicy>[1] {
  return {
    site: site ?? manifest.site,
    nodeId: manifest.recipient ?? "",
    nowMs: Date.now(),
    newestCreatedMs: 0,
    floor: 0,
    running: manifest.from ?? "",
    isCommitted: () => false,
    holds: () => true,
  };
}

function positiveInteger(text: string): number {
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text);
  throw new EmendError("usage", `expected --threshold with a whole number from 1, found ${text}`);
}
