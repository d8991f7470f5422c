/**
 * Compiles AssemblyScript guests with the npm package, in this process and only where an output is older
 * than what it is made of. The same sources give the same bytes on every machine: no debug names, no paths.
 */
import { mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** One module to make; both paths from the repository's root. */
export interface GuestSource {
  readonly source: string;
  readonly output: string;
}

const root = resolve(import.meta.dir, "..");
const library = "src/cli/templates/assemblyscript/cgi";
/** What every output depends on beside its own source. */
const shared: readonly string[] = [
  `${library}.ts`,
  "scripts/assemblyscript.ts",
  "node_modules/assemblyscript/package.json",
];

/** Brings every output up to date. Throws with the compiler's own words when a source does not compile. */
export async function compileGuests(guests: readonly GuestSource[]): Promise<void> {
  const stale = guests.filter(isStale);
  if (stale.length === 0) return;
  // The compiler is 15 MB of JavaScript: loaded only if there is something to compile.
  const { default: asc } = await import("assemblyscript/asc");
  for (const { source, output } of stale) {
    let binary: Uint8Array | undefined;
    const argv = [source, "-o", "out.wasm", "-Oz", "--runtime", "stub"];
    const { error, stderr } = await asc.main(
      [...argv, "--use", `abort=${library}/abort`, "--baseDir", root],
      {
        writeFile: (name, contents) => {
          if (name === "out.wasm" && typeof contents !== "string") binary = contents;
        },
      },
    );
    if (error || binary === undefined) throw new Error(`${source} does not compile\n${stderr.toString()}`);
    replaceFile(join(root, output), binary);
    console.log(`${output}  ${binary.length} bytes`);
  }
}

/** The guests in `directory` (each `*.ts` is one), compiled to `NAME.wasm` in `outputDirectory`. */
export function guestsIn(directory: string, outputDirectory: string): readonly GuestSource[] {
  const names = [...new Bun.Glob("*.ts").scanSync(join(root, directory))].sort();
  return names.map((name) => ({
    source: join(directory, name),
    output: join(outputDirectory, name.replace(/\.ts$/, ".wasm")),
  }));
}

function isStale({ source, output }: GuestSource): boolean {
  const made = mtimeMs(output);
  return [source, ...shared].some((input) => mtimeMs(input) > made);
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
