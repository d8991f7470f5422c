/** `emend patch`: makes and signs the patch that turns what a node has into another release. */
import { Command, InvalidArgumentError } from "commander";
import { EmendError } from "../errors.ts";
import type { SecretKey } from "../signing/index.ts";
import { formatInstant } from "../trust/index.ts";
import { parseExpiry } from "./expiry.ts";
import { inspectSite, siteText } from "./inspect-site.ts";
import { madePatchText, reportMadePatch } from "./made-patch-report.ts";
import { type MadePatch, makePatch, type PatchHead } from "./make-patch.ts";
import { isNodeAddress } from "./node-address.ts";
import { connect, type ReachOptions, siteName, withReachOptions } from "./node-options.ts";
import { openNodeSide } from "./node-side.ts";
import { isDirectory, openDirectorySide, openExecutableSide, type PatchSide } from "./patch-side.ts";
import { betweenSteps, progressBar } from "./progress-bar.ts";
import { collectValues } from "./read-public-keys.ts";
import { replaceFile } from "./replace-file.ts";
import { chooseSequence, keepSequence, lastSequence } from "./sequence.ts";
import { readSigningKeys } from "./signing-keys.ts";

interface PatchOptions extends ReachOptions {
  readonly from?: string;
  readonly to?: string;
  readonly key?: readonly string[];
  readonly passphraseFile?: string;
  readonly output?: string;
  readonly toToken?: string;
  readonly site: string;
  readonly sequence?: number;
  readonly force?: true;
  readonly expires?: string;
  readonly recipient?: string;
  readonly label?: string;
  readonly strict?: true;
  readonly budget: number;
  readonly list?: true;
  readonly json?: true;
}

const help = `
Examples:
  emend patch --from v1/ --to v2/ --key deploy.key -o v2.emend
  emend patch --from ./node-v1 --to v2/ --key deploy.key -o v2.emend          from what an executable carries
  emend patch --from https://node:9080 --to v2/ --key ci.key -o v2.emend      from what runs on a node
  emend patch --from none --to v2/ --key deploy.key -o full.emend             everything; applies whatever runs
  emend patch --to v2/ --list                                                 what would enter it, nothing more

OLD and NEW are a site directory, an executable or the admin address of a node. Of a node only what has changed is
fetched, and checked. For each file the smaller of a delta and the whole is taken; a file that is sent whole is listed
with the reason. The patch is verified and applied once before it is written.

The sequence is the seconds of the clock, or one more than the node's floor or the last patch of this key where those
are higher; the last one is kept beside the key, in NAME.sequence.

The token for a node is taken from EMEND_TOKEN, or --token; --to-token where NEW is another node than OLD.`;

/** The command. Fails with `usage`, `io`, `key.*`, `patch.*`, `delta.*`, `module.*`, `site.*`, and what a node refuses. */
export function patchCommand(): Command {
  const command = new Command("patch")
    .description("make and sign a patch from one release to another")
    .option(
      "--from <old>",
      "what the nodes have: a directory, an executable, a node, or none for a full release",
    )
    .option("--to <new>", "what they are to have: a directory, an executable or a node")
    .option("--key <file.key>", "a secret key to sign with; several times for a threshold", collectValues)
    .option("--passphrase-file <file>", "the keys' passphrase, its first line (default: asked on a terminal)")
    .option("-o, --output <file.emend>", "the patch to write; an existing one is replaced")
    .option("--site <name>", "the site of the nodes", siteName, "default")
    .option("--sequence <n>", "the publisher's number; higher than the one before", positiveInteger)
    .option("--force", "sign a sequence of more than a day ahead of the clock")
    .option("--expires <when>", "no node takes it later: 12h, 7d, 4w, or a time in UTC")
    .option("--recipient <node-id>", "only this node may take it", nodeId)
    .option("--label <text>", "a name for people")
    .option("--strict", "refuse it where something else than OLD runs, though all it needs is there")
    .option("--budget <seconds>", "what has no delta after this time is sent whole", positiveInteger, 600)
    .option("--list", "print what enters NEW, and write nothing")
    .option("--to-token <token>", "the token for NEW, where it is a node (default: as for OLD)");
  return withReachOptions(command)
    .option("--json", "print one JSON document")
    .addHelpText("after", help)
    .action(patch);
}

async function patch(options: PatchOptions): Promise<void> {
  if (options.list) return await list(options);
  const { from, to, key: keyFiles, output } = complete(options);
  const startedMs = performance.now();
  const keys = await readSigningKeys(keyFiles, options.passphraseFile);
  const old = from === "none" ? null : await openSide(from, options, false);
  const target = await openSide(to, { ...options, token: options.toToken ?? options.token }, true);
  const head = headOf(options, old?.floor ?? null, keyFiles);
  const made = await makeShown(old, target, head, keys, startedMs + options.budget * 1000);
  // First the number, then the patch: a number may be lost, but not be used twice.
  const warnings = keepSequence(keyFiles, head.sequence);
  replaceFile(output, made.bytes);
  for (const warning of warnings) process.stderr.write(`emend: ${warning}\n`);
  const report = reportMadePatch(made, output, keys);
  console.log(options.json ? JSON.stringify(report) : madePatchText(report));
}

/** What has to be there, told all at once. */
function complete({ from, to, key, output }: PatchOptions): {
  from: string;
  to: string;
  key: readonly string[];
  output: string;
} {
  if (from !== undefined && to !== undefined && key !== undefined && output !== undefined) {
    return { from, to, key, output };
  }
  const wanted = { "--from OLD": from, "--to NEW": to, "--key NAME.key": key, "-o FILE.emend": output };
  const missing = Object.entries(wanted).flatMap(([option, value]) => (value === undefined ? [option] : []));
  throw new EmendError("usage", `expected ${missing.join(", ")} as well (or --to NEW --list)`);
}

async function list({ to, json, output }: PatchOptions): Promise<void> {
  if (output !== undefined) throw new EmendError("usage", "expected --list or -o FILE.emend, found both");
  if (to === undefined || isNodeAddress(to) || !isDirectory(to)) {
    throw new EmendError(
      "usage",
      "expected --to with a site directory beside --list (emend inspect lists others)",
    );
  }
  const { collected } = await openDirectorySide(to, { checked: false });
  const report = inspectSite(collected);
  console.log(json ? JSON.stringify(report) : siteText(report));
}

/** `checked`: what nodes are to have has to be what they can serve. A node serves what it has. */
async function openSide(name: string, options: PatchOptions, checked: boolean): Promise<PatchSide> {
  if (isNodeAddress(name)) return await openNodeSide(connect(name, options), options.site);
  return await (isDirectory(name) ? openDirectorySide(name, { checked }) : openExecutableSide(name));
}

function headOf(options: PatchOptions, floor: number | null, keyFiles: readonly string[]): PatchHead {
  const { site, sequence: asked, force = false, expires, recipient = null, label = null } = options;
  const nowMs = Date.now();
  return {
    site,
    strict: options.strict === true,
    sequence: chooseSequence({ asked, floor, last: lastSequence(keyFiles), nowMs, force }),
    created: formatInstant(nowMs),
    expires: expires === undefined ? null : parseExpiry(expires, nowMs),
    recipient,
    label,
  };
}

/** With its progress on the terminal. */
async function makeShown(
  old: PatchSide | null,
  target: PatchSide,
  head: PatchHead,
  keys: readonly SecretKey[],
  deadlineMs: number,
): Promise<MadePatch> {
  using bar = progressBar("patch");
  const largest = Math.max(0, ...[...(old?.files ?? []), ...target.files].map(({ size }) => size));
  // What comes over the network takes most of the time where anything does.
  const fetched = [old, target].some((side) => side?.isLocal === false) ? 0.5 : 0;
  const onDiff = betweenSteps(
    { ...bar, update: (share) => bar.update(fetched + (1 - fetched) * share) },
    largest,
  );
  return await makePatch(old, target, head, keys, {
    deadlineMs,
    onFetch: (share) => bar.update(fetched * share),
    onDiff,
  });
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (/^[1-9][0-9]*$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError("expected a whole number from 1.");
}

function nodeId(text: string): string {
  if (/^[0-9a-f]{32}$/.test(text)) return text;
  throw new InvalidArgumentError(
    "expected the id of a node, 32 hexadecimal digits (emend status prints it).",
  );
}
