/** `emend inspect`: what is this file, and what would emend make of it. */
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { Command } from "commander";
import { methodsOf, sortRoutes } from "../http/index.ts";
import { type CollectedSite, collectDirectory, withIoErrors } from "../release/index.ts";
import { executableText, inspectExecutable } from "./inspect-executable.ts";
import { inspectModule, moduleText } from "./inspect-module.ts";
import { inspectSite, siteText } from "./inspect-site.ts";

const help = `
Examples:
  emend inspect hello.wasm       its imports and whether they are there, its memory, how it is reset
  emend inspect site             the files that enter a release, and the routes as they are matched
  emend inspect ./emend          the site that an executable carries, every byte verified`;

/** The command. Fails with `io`, and with what is wrong with the file: `module.*`, `site.config`, `payload.*`. */
export function inspectCommand(): Command {
  return new Command("inspect")
    .description("tell what a module, a site directory or an executable is")
    .argument("<file>", "a .wasm module, a site directory or an emend executable")
    .option("--json", "print one JSON document")
    .addHelpText("after", help)
    .action(inspect);
}

async function inspect(file: string, options: { readonly json?: true }): Promise<void> {
  const { report, text } = await reportOn(file);
  process.stdout.write(`${options.json ? JSON.stringify(report) : text}\n`);
}

async function reportOn(file: string): Promise<{ readonly report: object; readonly text: string }> {
  if (isDirectory(file)) {
    const collected = await collectDirectory(file);
    const report = { ...inspectSite(collected), routes: routeTable(collected) };
    return { report, text: `${siteText(report)}\n${routesText(report.routes)}` };
  }
  if (looksLikeExecutable(file)) {
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

/** ELF, or Mach-O of 64 bits. */
function looksLikeExecutable(file: string): boolean {
  const head = Buffer.alloc(4);
  withIoErrors("read", file, () => {
    const descriptor = openSync(file, "r");
    try {
      readSync(descriptor, head);
    } finally {
      closeSync(descriptor);
    }
  });
  return head.toString("latin1") === "\x7fELF" || head.readUInt32LE() === 0xfeedfacf;
}

function readBytes(file: string): Uint8Array {
  return withIoErrors("read", file, () => readFileSync(file));
}
