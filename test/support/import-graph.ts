/** Who imports what in this repository, read off the import statements. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

export interface ImportStatement {
  /** The file that imports, from the repository's root. */
  readonly from: string;
  /** A file from the repository's root, or what stands between the quotes for a package or a builtin. */
  readonly to: string;
  readonly isFile: boolean;
  /** Gone at run time. */
  readonly typeOnly: boolean;
}

export const root: string = resolve(import.meta.dir, "../..");

/** What git knows or would add: the repository without what is ignored. */
export const repositoryFiles: readonly string[] = listFiles();

function listFiles(): string[] {
  const listed = Bun.spawnSync(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
  });
  if (listed.exitCode !== 0) throw new Error(`git ls-files: ${listed.stderr}`);
  const paths = listed.stdout.toString().split("\0").filter(Boolean);
  return paths.filter((path) => existsSync(join(root, path))).sort();
}

/** A file of the repository as text. */
export function readText(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Statements begin a line, so an example in a comment is none of them. */
const statements = /^(?:import|export)\s(?:([^"';]*?)\sfrom\s)?"([^"]+)"/gm;
const dynamic = /\bimport\("([^"]+)"\)/g;

/** Every import and re-export of a file, dynamic ones included. */
export function importsOf(from: string): ImportStatement[] {
  const text = readText(from);
  const found = [...text.matchAll(statements)].map(([, names = "", target]) => ({ names, target: target! }));
  const later = [...text.matchAll(dynamic)].map(([, target]) => ({ names: "", target: target! }));
  return [...found, ...later].map(({ names, target }) => {
    const isFile = target.startsWith(".");
    const to = isFile ? relative(root, join(root, dirname(from), target)) : target;
    return { from, to, isFile, typeOnly: isTypeOnly(names) };
  });
}

function isTypeOnly(names: string): boolean {
  if (/^type\s/.test(names)) return true;
  const listed = /^\{([^}]*)\}$/.exec(names.trim())?.[1]?.split(",");
  const wanted = listed?.map((each) => each.trim()).filter(Boolean);
  return wanted !== undefined && wanted.length > 0 && wanted.every((each) => each.startsWith("type "));
}

/** All files that can be reached from these by imports, themselves included. */
export function reachableFrom(starts: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const left = [...starts];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    if (!next.endsWith(".ts") || !existsSync(join(root, next))) continue;
    left.push(...importsOf(next).flatMap((each) => (each.isFile ? each.to : [])));
  }
  return reached;
}

/** A circle of imports that are there at run time, if there is one: the files in order, the first one again at its end. */
export function findCycle(files: readonly string[]): readonly string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): readonly string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file) || !file.endsWith(".ts")) return undefined;
    path.push(file);
    for (const { isFile, typeOnly, to } of importsOf(file)) {
      const cycle = isFile && !typeOnly ? visit(to) : undefined;
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of files) {
    const cycle = visit(file);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
