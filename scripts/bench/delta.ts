/**
 * Deltas against Debian's bsdiff: sizes, time to diff and to apply, on pairs of real versions.
 *
 *     npm run bench:delta -- [--json] PAIR…
 *
 * A pair is `OLD,NEW` (two files), or a directory: then each of its subdirectories in which exactly two
 * files have the same extension (the smaller version first by name) is a pair. Every ratio comes from
 * this one run; the geometric mean is taken over pairs. The plain engine runs with effort `fast`, in its
 * sizes as in its times; `best` is what `emend diff` does by itself. Wants Debian's `bsdiff` package.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import { type AppliedFormat, applyDelta, diffDelta } from "../../src/delta/index.ts";
import { printReport, progress, round } from "./report.ts";

interface Pair {
  readonly name: string;
  readonly old: string;
  readonly new: string;
}

interface Row {
  readonly pair: string;
  readonly module: boolean;
  readonly bytes: number;
  readonly bsdiff: number;
  readonly plain: number;
  readonly best: number;
  readonly format: AppliedFormat;
  readonly diffMs: { readonly bsdiff: number; readonly plain: number; readonly best: number };
  readonly applyMs: { readonly bspatch: number; readonly plain: number; readonly best: number };
}

const scratch = mkdtempSync(join(tmpdir(), "emend-bench-delta-"));
const pairs = process.argv
  .slice(2)
  .filter((arg) => arg !== "--json")
  .flatMap(pairsOf);
if (pairs.length === 0 || Bun.which("bsdiff") === null) {
  process.stderr.write("expected pairs (OLD,NEW or directories) and Debian's bsdiff installed\n");
  process.exit(2);
}
const rows: Row[] = [];
for (const pair of pairs) rows.push(await measure(pair));
const process10 = await wholeProcess();
rmSync(scratch, { recursive: true });
printResult();

function pairsOf(arg: string): Pair[] {
  const [old, next] = arg.split(",");
  if (next !== undefined) return [{ name: basename(next), old: old!, new: next }];
  return readdirSync(arg)
    .map((name) => join(arg, name))
    .filter((path) => statSync(path).isDirectory())
    .flatMap((directory) => {
      const files = readdirSync(directory).filter((name) => /^\d.*\.(wasm|js|css|html|json|svg)$/.test(name));
      const sorted = files.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
      const [a, b] = sorted;
      if (a === undefined || b === undefined || sorted.length > 2 || extname(a) !== extname(b)) return [];
      return [{ name: basename(directory), old: join(directory, a), new: join(directory, b) }];
    });
}

async function measure(pair: Pair): Promise<Row> {
  progress(pair.name);
  const [source, target] = [read(pair.old), read(pair.new)];
  const patchFile = join(scratch, "patch");
  // The best of several runs on both sides: what is measured is the work, not the neighbours.
  const rounds = target.length > 4e6 ? 2 : 4;
  const bsdiffMs = await fastest(rounds, async () => tool("bsdiff", pair.old, pair.new, patchFile));
  const bspatchMs = await fastest(5, async () =>
    tool("bspatch", pair.old, join(scratch, "result"), patchFile),
  );
  const plain = await timedDiff(source, target, "emend-bsdiff", rounds);
  const best = await timedDiff(source, target, "auto", target.length > 4e6 ? 1 : 2);
  const apply = async (delta: Uint8Array): Promise<number> =>
    fastest(15, async () => {
      const applied = await applyDelta(source, delta, { knownSourceSha256: plain.made.sourceSha256 });
      if (Buffer.compare(applied.target, target) !== 0) throw new Error(`${pair.name}: a wrong result`);
    });
  return {
    pair: pair.name,
    module: source[0] === 0 && source[1] === 0x61,
    bytes: target.length,
    bsdiff: statSync(patchFile).size,
    plain: plain.made.delta.length,
    best: best.made.delta.length,
    format: best.made.format,
    diffMs: { bsdiff: bsdiffMs, plain: plain.ms, best: best.ms },
    applyMs: { bspatch: bspatchMs, plain: await apply(plain.made.delta), best: await apply(best.made.delta) },
  };
}

async function timedDiff(
  source: Uint8Array,
  target: Uint8Array,
  format: "emend-bsdiff" | "auto",
  rounds: number,
): Promise<{ ms: number; made: Awaited<ReturnType<typeof diffDelta>> }> {
  let made: Awaited<ReturnType<typeof diffDelta>> | undefined;
  const ms = await fastest(rounds, async () => {
    made = await diffDelta(source, target, { format, effort: format === "auto" ? "best" : "fast" });
  });
  return { ms, made: made! };
}

/** A 10 MB text with 2,500 edited lines: apply in the library and as a process of its own, and its memory. */
async function wholeProcess(): Promise<{
  delta: number;
  libraryMs: number;
  extraMiB: number;
  ratio: number;
}> {
  const [oldFile, newFile, deltaFile, patchFile] = ["old", "new", "delta", "patch"].map((name) =>
    join(scratch, name),
  );
  const lines = Array.from(
    { length: 200_000 },
    (_, i) => `export const v${i} = compute(${Math.imul(i, 2654435761) >>> 8}, "${i}");`,
  );
  const source = new TextEncoder().encode(lines.join("\n"));
  for (let i = 40; i < lines.length; i += 80)
    lines[i] = `export const w${i} = changed(${Math.imul(i, 40503)}, "${"~".repeat(i % 90)}");`;
  const target = new TextEncoder().encode(lines.join("\n"));
  const { delta, sourceSha256 } = await diffDelta(source, target, { format: "emend-bsdiff" });
  for (const [file, bytes] of [
    [oldFile, source],
    [newFile, target],
    [deltaFile, delta],
  ] as const)
    writeFileSync(file!, bytes);
  tool("bsdiff", oldFile!, newFile!, patchFile!);
  const known = { knownSourceSha256: sourceSha256 };
  const libraryMs = await fastest(15, async () => void (await applyDelta(source, delta, known)));
  const child = join(scratch, "child.ts");
  const room = join(import.meta.dir, "../../src/delta/index.ts");
  writeFileSync(
    child,
    `import { readFileSync, writeFileSync } from "node:fs"; import { applyDelta } from ${JSON.stringify(room)};
     const [a, d, o, warm] = process.argv.slice(2).map(String);
     const read = (file) => { const bytes = readFileSync(file); return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length); };
     const source = read(a), delta = read(d);
     if (warm) for (let i = 0; i < 4; i++) { await applyDelta(source, delta); Bun.gc(true); }
     // VmHWM, set back by clear_refs: the peak of this one apply, not of what the process grew from.
     const status = (field) => 1024 * Number(new RegExp(field + "[^0-9]*([0-9]+)").exec(readFileSync("/proc/self/status", "utf8"))[1]);
     if (warm) writeFileSync("/proc/self/clear_refs", "5");
     const before = warm ? status("VmRSS") : 0;
     const { target } = await applyDelta(source, delta);
     if (warm) console.log(status("VmHWM") - before - target.length);
     writeFileSync(o, target);`,
  );
  const bundled = join(scratch, "child.js");
  tool(process.execPath, "build", child, "--target=bun", `--outfile=${bundled}`);
  const result = join(scratch, "result");
  const ours = await fastest(7, async () => tool(process.execPath, bundled, oldFile!, deltaFile!, result));
  const theirs = await fastest(7, async () => tool("bspatch", oldFile!, result, patchFile!));
  const extra = Number(tool(process.execPath, bundled, oldFile!, deltaFile!, result, "warm"));
  return { delta: delta.length, libraryMs, extraMiB: extra / 2 ** 20, ratio: ours / theirs };
}

function read(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
}

function tool(...command: readonly string[]): string {
  const { exitCode, stderr, stdout } = Bun.spawnSync([...command]);
  if (exitCode !== 0) throw new Error(`${command[0]}: ${stderr.toString()}`);
  return stdout.toString();
}

async function fastest(rounds: number, run: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < rounds; i++) {
    const startMs = performance.now();
    await run();
    least = Math.min(least, performance.now() - startMs);
  }
  return least;
}

function mean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** The table and the goals; a goal without a pair that it is about is left out. */
function printResult(): void {
  const modules = rows.filter(({ module }) => module);
  const bundles = rows.filter(({ module }) => !module);
  const large = rows.filter(({ bytes }) => bytes >= 1e6);
  const goals: readonly (readonly [what: string, values: readonly number[], atMost: number])[] = [
    ["size, best, the worst pair", [Math.max(...rows.map((row) => row.best / row.bsdiff))], 1],
    ["size, best, modules", modules.map((row) => row.best / row.bsdiff), 0.62],
    ["size, best, web bundles", bundles.map((row) => row.best / row.bsdiff), 0.75],
    ["size, plain engine, modules", modules.map((row) => row.plain / row.bsdiff), 0.95],
    [
      "diff time, plain, files of 1 MB and more",
      large.map((row) => row.diffMs.plain / row.diffMs.bsdiff),
      0.6,
    ],
    ["diff time, plain, all files", rows.map((row) => row.diffMs.plain / row.diffMs.bsdiff), 0.6],
    ["diff time, all candidates, all files", rows.map((row) => row.diffMs.best / row.diffMs.bsdiff), 3],
    ["apply, whole process, 10 MB, against bspatch", [process10.ratio], 0.5],
    ["apply in the library, plain, ms a MB, the slowest pair", [Math.max(...rows.map(msPerMegabyte))], 1.5],
    [`apply in the library, 10 MB by a delta of ${process10.delta} bytes, ms`, [process10.libraryMs], 12],
    ["apply, memory beyond old and new, MiB", [process10.extraMiB], 1],
  ];
  printReport({
    benchmark: "Deltas against Debian's bsdiff",
    method: [
      "ratios are against bsdiff and bspatch in this run; several pairs: their geometric mean",
      "times are the best of several runs; plain is emend-bsdiff with effort fast, best what emend diff does by itself",
    ],
    rows: rows.map(({ pair, bytes, bsdiff, plain, best, format, diffMs, applyMs }) => ({
      pair,
      bytes,
      bsdiff,
      plain,
      "plain ratio": round(plain / bsdiff),
      best,
      "best ratio": round(best / bsdiff),
      format,
      "diff ms bsdiff": round(diffMs.bsdiff),
      "diff ms plain": round(diffMs.plain),
      "diff ms best": round(diffMs.best),
      "apply ms bspatch": round(applyMs.bspatch),
      "apply ms plain": round(applyMs.plain),
      "apply ms best": round(applyMs.best),
    })),
    targets: goals.flatMap(([what, values, atMost]) =>
      values.length === 0
        ? []
        : [{ what, measured: values.length === 1 ? values[0]! : mean(values), atMost }],
    ),
  });
}

function msPerMegabyte(row: Row): number {
  return row.applyMs.plain / Math.max(1, row.bytes / 1e6);
}
