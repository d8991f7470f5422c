/**
 * Compiles guests written in AssemblyScript or in the text format, with the npm package and in this process,
 * and only where an output is older than what it is made of. The same sources give the same bytes on every
 * machine: no debug names, no paths.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** One module to make; both paths from the repository's root. */
export interface GuestSource {
  readonly source: string;
  readonly output: string;
  /** Files that the source imports; the output is stale when one of them is newer. */
  readonly parts?: readonly string[];
}

const root = resolve(import.meta.dir, "..");
const library = "src/cli/templates/assemblyscript/cgi";
/** What every output depends on beside its own source. */
const shared: readonly string[] = [
  `${library}.ts`,
  "scripts/compile-guests.ts",
  "node_modules/assemblyscript/package.json",
];

/** Brings every output up to date. Throws with the compiler's own words when a source does not compile. */
export async function compileGuests(guests: readonly GuestSource[]): Promise<void> {
  for (const { source, output } of guests.filter(isStale)) {
    const binary = await (source.endsWith(".wat") ? compileText(source) : compileAssemblyScript(source));
    replaceFile(join(root, output), binary);
    console.log(`${output}  ${binary.length} bytes`);
  }
}

/**
 * The guests in `directory`, compiled to `NAME.wasm` in `outputDirectory`: each `*.ts` and `*.wat` is one, but for
 * the `parts` that they have in common.
 */
export function guestsIn(
  directory: string,
  outputDirectory: string,
  parts: readonly string[] = [],
): readonly GuestSource[] {
  const names = [...new Bun.Glob("*.{ts,wat}").scanSync(join(root, directory))].sort();
  return names
    .map((name) => ({
      source: join(directory, name),
      output: join(outputDirectory, name.replace(/\.(ts|wat)$/, ".wasm")),
      parts,
    }))
    .filter(({ source }) => !parts.includes(source));
}

// Both compilers are imported where they are used: 15 MB of JavaScript that an up-to-date tree never loads.

async function compileAssemblyScript(source: string): Promise<Uint8Array> {
  const { default: asc } = await import("assemblyscript/asc");
  let binary: Uint8Array | undefined;
  const options = ["-Oz", "--runtime", "stub", "--use", `abort=${library}/abort`, "--baseDir", root];
  const { error, stderr } = await asc.main([source, "-o", "out.wasm", ...options], {
    writeFile: (name, contents) => {
      if (name === "out.wasm" && typeof contents !== "string") binary = contents;
    },
  });
  if (error || binary === undefined) throw new Error(`${source} does not compile\n${stderr.toString()}`);
  return binary;
}

async function compileText(source: string): Promise<Uint8Array> {
  const { default: binaryen } = await import("assemblyscript/binaryen");
  const module = binaryen.parseText(readFileSync(join(root, source), "utf8"));
  // No later proposals: with GC, `ref.null func` is written as a heap type that not every engine reads.
  const { BulkMemory, ExceptionHandling, ReferenceTypes } = binaryen.Features;
  module.setFeatures(BulkMemory | ExceptionHandling | ReferenceTypes);
  if (!module.validate()) throw new Error(`${source} is not valid`);
  const binary = module.emitBinary();
  module.dispose();
  return binary;
}

function isStale({ source, output, parts = [] }: GuestSource): boolean {
  const made = mtimeMs(output);
  return [source, ...parts, ...shared].some((input) => mtimeMs(input) > made);
}

function mtimeMs(path: string): number {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** By rename, so that a test or a build running beside this one never reads half a module. */
function replaceFile(path: string, contents: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}
