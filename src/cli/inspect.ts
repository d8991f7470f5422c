/** `emend inspect`: what is this file, what would emend make of it, and what does emend offer to guests. */
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { Command, Option } from "commander";
import { EmendError } from "../errors.ts";
import { methodsOf, sortRoutes } from "../http/index.ts";
import { type CollectedSite, collectDirectory, withIoErrors } from "../release/index.ts";
import { abiText, inspectAbi } from "./inspect-abi.ts";
import { executableText, inspectExecutable } from "./inspect-executable.ts";
import { inspectModule, moduleText } from "./inspect-module.ts";
import {
  claimedPatchText,
  extractBlock,
  inspectPatch,
  looksLikePatch,
  type PatchBlock,
  patchBlocks,
} from "./inspect-patch.ts";
import { inspectSite, siteText } from "./inspect-site.ts";

const help = `
Examples:
  emend inspect hello.wasm       its imports beside what emend offers, its memory, how it is reset
  emend inspect --abi            every function that emend offers, its type, and in which ABI
  emend inspect --abi --json     the same as one JSON document
  emend inspect site             the files that enter a release, and the routes as they are matched
  emend inspect ./emend          the site that an executable carries, every byte verified
  emend inspect v2.emend         what a patch claims, without verifying it
  emend inspect v2.emend --extract manifest > manifest
  emend inspect v2.emend --extract signatures > manifest.minisig
  minisign -V -m manifest -p deploy.pub    emend's signature, by another program`;

/**
 * The command. Fails with `usage`, `io`, and with what is wrong with the file: `module.*`, `site.config`, `payload.*`,
 * `patch.*`.
 */
export function inspectCommand(): Command {
  return new Command("inspect")
    .description("tell what a module, a site directory, an executable or a patch is")
    .argument("[file]", "a .wasm module, a site directory, an emend executable or a patch")
    .option("--abi", "print the functions that emend offers to guests, instead of a file's report")
    .addOption(
      new Option("--extract <block>", "of a patch, write this block to stdout as it is").choices(patchBlocks),
    )
    .option("--json", "print one JSON document")
    .addHelpText("after", help)
    .action(inspect);
}

interface InspectOptions {
  readonly json?: true;
  readonly abi?: true;
  readonly extract?: PatchBlock;
}

interface Reported {
  readonly report: object;
  readonly text: string;
}

async function inspect(file: string | undefined, { json, abi, extract }: InspectOptions): Promise<void> {
  if (extract !== undefined) return writeBlock(file, extract, json ?? abi);
  const { report, text } = abi === undefined ? await reportOn(file) : reportOnAbi(file);
  process.stdout.write(`${json ? JSON.stringify(report) : text}\n`);
}

function writeBlock(file: string | undefined, block: PatchBlock, other: true | undefined): void {
  if (file === undefined) throw new EmendError("usage", "expected a FILE to extract from, found none");
  if (other) throw new EmendError("usage", "expected --extract alone, found --json or --abi beside it");
  process.stdout.write(extractBlock(readBytes(file), block));
}

function reportOnAbi(file: string | undefined): Reported {
  if (file !== undefined) throw new EmendError("usage", "expected a FILE or --abi, found both");
  const report = inspectAbi();
  return { report, text: abiText(report) };
}

async function reportOn(file: string | undefined): Promise<Reported> {
  if (file === undefined) throw new EmendError("usage", "expected a FILE (or --abi), found neither");
  if (isDirectory(file)) {
    const collected = await collectDirectory(file);
    const report = { ...inspectSite(collected), routes: routeTable(collected) };
    return { report, text: `${siteText(report)}\n${routesText(report.routes)}` };
  }
  const head = readHead(file);
  if (looksLikePatch(head)) {
    const report = inspectPatch(readBytes(file));
    return { report, text: claimedPatchText(report) };
  }
  if (looksLikeExecutable(head)) {
    const report = await inspectExecutable(file);
    return { report, text: executableText(report) };
  }
  const report = await inspectModule(file, readBytes(file));
  return { report, text: moduleText(report) };
}

interface ShownRoute {
  readonly path: string;
  readonly methods: readonly string[];
  readonly module: string;
}

/** Routes in the order in which they are tried. */
function routeTable({ config }: CollectedSite): ShownRoute[] {
  return sortRoutes(config.routes).flatMap(({ path, routes }) =>
    routes.map((route) => ({ path, methods: methodsOf(route), module: route.module })),
  );
}

function routesText(routes: readonly ShownRoute[]): string {
  if (routes.length === 0) return "routes: none, assets only";
  const width = Math.max(...routes.map((route) => route.path.length));
  const lines = routes.map(
    ({ path, methods, module }) => `  ${path.padEnd(width)}  ${module}  ${methods.join(" ")}`,
  );
  return ["routes, in the order in which they are tried:", ...lines, "  then the assets"].join("\n");
}

function isDirectory(file: string): boolean {
  return withIoErrors("read", file, () => statSync(file)).isDirectory();
}

/** As much of a file as tells what it is; less when it is shorter. */
function readHead(file: string): Buffer {
  const head = Buffer.alloc(16);
  return withIoErrors("read", file, () => {
    const descriptor = openSync(file, "r");
    try {
      return head.subarray(0, readSync(descriptor, head));
    } finally {
      closeSync(descriptor);
    }
  });
}

/** ELF, or Mach-O of 64 bits. */
function looksLikeExecutable(head: Buffer): boolean {
  if (head.length < 4) return false;
  return head.toString("latin1", 0, 4) === "\x7fELF" || head.readUInt32LE() === 0xfeedfacf;
}

function readBytes(file: string): Uint8Array {
  return withIoErrors("read", file, () => readFileSync(file));
}
