/**
 * The delta benchmark's part on 10 MB: apply in the library, as whole processes, and what diff and apply
 * take of memory. The pair is a text of 200,000 lines with 2,500 edited ones.
 *
 * The floor is a compiled program that only does what every checked apply must do to these bytes: read the old
 * file, hash it, fill a new buffer, hash that, write, fsync, rename.
 */
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { applyDelta, diffDelta } from "../../src/delta/index.ts";
import { buildExecutable } from "../build.ts";
import { progress } from "./report.ts";

/** The formats that are applied as they are inflated. */
const streamed = ["emend-bsdiff", "endsley-gzip"] as const;
export type Streamed = (typeof streamed)[number];

export interface ProcessFigures {
  readonly byFormat: Readonly<Record<Streamed, FormatFigures>>;
  /** Times of whole processes against bspatch's. */
  readonly floorRatio: number;
  readonly bspatchMs: number;
}

interface FormatFigures {
  readonly deltaBytes: number;
  readonly libraryMs: number;
  /** Peak of an apply in a process that has done some before, beyond old and new file. */
  readonly extraBytes: number;
  readonly ratio: number;
}

/** Measures in `scratch`, an empty directory. */
export async function measureProcesses(scratch: string): Promise<ProcessFigures> {
  progress("10 MB");
  const at = (name: string): string => join(scratch, name);
  const [source, target] = texts();
  writeFileSync(at("old"), source);
  writeFileSync(at("new"), target);
  run("bsdiff", at("old"), at("new"), at("patch"));
  const library: Partial<Record<Streamed, { deltaBytes: number; libraryMs: number; extraBytes: number }>> =
    {};
  for (const format of streamed) {
    const { delta, sourceSha256 } = await diffDelta(source, target, { format });
    writeFileSync(at(format), delta);
    const known = { knownSourceSha256: sourceSha256 };
    const libraryMs = await fastest(25, async () => void (await applyDelta(source, delta, known)));
    library[format] = { deltaBytes: delta.length, libraryMs, extraBytes: memoryOfApply(scratch, format) };
  }
  const ms = await takeTurns(25, {
    bspatch: ["bspatch", at("old"), at("result"), at("patch")],
    floor: [await compileFloor(scratch), at("old"), at("result")],
    "emend-bsdiff": [await buildExecutable(), "apply", at("old"), at("emend-bsdiff"), "-o", at("result")],
    "endsley-gzip": [await buildExecutable(), "apply", at("old"), at("endsley-gzip"), "-o", at("result")],
  });
  const figures = (format: Streamed): FormatFigures => ({
    ...library[format]!,
    ratio: ms[format]! / ms.bspatch!,
  });
  return {
    byFormat: { "emend-bsdiff": figures("emend-bsdiff"), "endsley-gzip": figures("endsley-gzip") },
    floorRatio: ms.floor! / ms.bspatch!,
    bspatchMs: ms.bspatch!,
  };
}

/** Peak memory of `emend diff` beyond that of the program, for each byte of the two files. */
export async function memoryOfDiff(oldFile: string, newFile: string, ...options: string[]): Promise<number> {
  progress("memory of a diff");
  const emend = await buildExecutable();
  const bare = peakBytes(emend, "diff", "--help");
  const peak = peakBytes(emend, "diff", oldFile, newFile, "--json", ...options);
  return (peak - bare) / (statSync(oldFile).size + statSync(newFile).size);
}

function texts(): readonly [Uint8Array, Uint8Array] {
  const lines = Array.from(
    { length: 200_000 },
    (_, i) => `export const v${i} = compute(${Math.imul(i, 2654435761) >>> 8}, "${i}");`,
  );
  const source = new TextEncoder().encode(lines.join("\n"));
  for (let i = 40; i < lines.length; i += 80)
    lines[i] = `export const w${i} = changed(${Math.imul(i, 40503)}, "${"~".repeat(i % 90)}");`;
  return [source, new TextEncoder().encode(lines.join("\n"))];
}

/** In a process of its own that has applied the delta before: what is left is what an apply takes. */
function memoryOfApply(scratch: string, format: Streamed): number {
  const child = join(scratch, "child.ts");
  const room = join(import.meta.dir, "../../src/delta/index.ts");
  writeFileSync(
    child,
    `import { readFileSync, writeFileSync } from "node:fs"; import { applyDelta } from ${JSON.stringify(room)};
     const read = (file) => { const bytes = readFileSync(file); return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length); };
     const [source, delta] = process.argv.slice(2).map(read);
     const status = (field) => 1024 * Number(new RegExp(field + "[^0-9]*([0-9]+)").exec(readFileSync("/proc/self/status", "utf8"))[1]);
     const extra = [];
     for (let i = 0; i < 13; i++) {
       Bun.gc(true);
       // VmHWM, set back by clear_refs: the peak of this one apply, not of what the process grew from.
       writeFileSync("/proc/self/clear_refs", "5");
       const before = status("VmRSS");
       const { target } = await applyDelta(source, delta);
       extra.push(status("VmHWM") - before - target.length);
     }
     // The middle one of those behind which the engine compiles no more.
     console.log(extra.slice(6).sort((a, b) => a - b)[3]);`,
  );
  return Number(run(process.execPath, child, join(scratch, "old"), join(scratch, format)));
}

async function compileFloor(scratch: string): Promise<string> {
  const script = join(scratch, "floor.ts");
  writeFileSync(
    script,
    `import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
     const [from, to] = process.argv.slice(2);
     const source = readFileSync(from);
     const sha256 = (bytes) => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
     const target = new Uint8Array(source.length);
     const digest = sha256(source);
     target.set(source);
     if (sha256(target) !== digest) process.exit(1);
     const file = openSync(to + ".tmp", "wx");
     writeSync(file, target); fsyncSync(file); closeSync(file); renameSync(to + ".tmp", to);
     process.exit(0);`,
  );
  const outfile = join(scratch, "floor");
  await Bun.build({
    entrypoints: [script],
    minify: true,
    format: "esm",
    bytecode: true,
    compile: { outfile },
  });
  return outfile;
}

/** The fastest of some runs of each command, one after the other: the neighbours are the same for all. */
async function takeTurns(
  rounds: number,
  commands: Readonly<Record<string, readonly string[]>>,
): Promise<Record<string, number>> {
  const least: Record<string, number> = {};
  for (let i = 0; i < rounds; i++) {
    for (const [name, command] of Object.entries(commands)) {
      const ms = await fastest(1, async () => run(...command));
      least[name] = Math.min(least[name] ?? Number.POSITIVE_INFINITY, ms);
    }
  }
  return least;
}

/** Peak memory of a program. Its starter's counts too, so that is not this large process but a small one. */
function peakBytes(...command: readonly string[]): number {
  const script = `const { exitCode, resourceUsage } = Bun.spawnSync(${JSON.stringify(command)});
    console.log(resourceUsage.maxRSS); process.exit(exitCode);`;
  return Number(run(process.execPath, "-e", script));
}

/** What a program printed. Throws when it does not end with 0. */
export function run(...command: readonly string[]): string {
  const { exitCode, stderr, stdout } = Bun.spawnSync([...command]);
  if (exitCode !== 0) throw new Error(`${command[0]}: ${stderr.toString()}`);
  return stdout.toString();
}

/** The least time of some runs, milliseconds. */
export async function fastest(rounds: number, work: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < rounds; i++) {
    const startMs = performance.now();
    await work();
    least = Math.min(least, performance.now() - startMs);
  }
  return least;
}
