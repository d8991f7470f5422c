/** The servers that are compared: emend, and what it is held against. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerCommand } from "./child.ts";

const root = join(import.meta.dir, "../..");

/** A directory for what a benchmark builds; it goes when the process ends. */
export const scratch: string = mkdtempSync(join(tmpdir(), "emend-bench-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

const executable = join(root, "dist/emend");
const isCompiled = existsSync(executable);

/** Which emend is measured, for the report. */
export const emendBuild: string = isCompiled
  ? "emend: dist/emend as `npm run build` left it, with its log of at most 1,000 requests a second"
  : "emend: from its sources, for want of dist/emend; `npm run build` makes the executable";

/** A guest of the test kit, by its name. */
export function kitGuest(name: string): string {
  return join(root, "test/guests/kit", name, `${name}.wasm`);
}

/** `emend serve` with these arguments. Its state is kept in the scratch directory, as on a node that ran before. */
export function emend(name: string, args: readonly string[], path: string): ServerCommand {
  const program = isCompiled ? [executable] : [process.execPath, join(root, "src/main.ts")];
  const options = [
    "--log",
    "json",
    "--addr",
    "127.0.0.1:0",
    "--admin",
    "127.0.0.1:0",
    "--state",
    join(scratch, "state"),
  ];
  return { name, argv: [...program, "serve", ...args, ...options], path };
}

/** A text hello of Bun and Hono, compiled; `bytecode` as emend is compiled, which starts quicker. */
export async function honoHello(
  name: string,
  options: { readonly bytecode: boolean },
): Promise<ServerCommand> {
  const outfile = join(scratch, options.bytecode ? "hono-hello-bytecode" : "hono-hello");
  await Bun.build({
    entrypoints: [join(import.meta.dir, "peers/hono-hello.ts")],
    minify: true,
    format: "esm",
    bytecode: options.bytecode,
    compile: { outfile, autoloadBunfig: false, autoloadDotenv: false },
  });
  return { name, argv: [outfile], path: "/" };
}

/** A program of `peers/` that serves one guest, run by this Bun. */
export function peer(name: string, program: string, guest: string): ServerCommand {
  return { name, argv: [process.execPath, join(import.meta.dir, "peers", program), guest], path: "/" };
}
