/**
 * Deltas against Debian's bsdiff: sizes, time to diff and to apply, on pairs of real versions.
 *
 *     npm run bench:delta -- [--json] PAIR…
 *
 * A pair is `OLD,NEW` (two files), or a directory: then each of its subdirectories in which exactly two
 * files have the same extension (the smaller version first by name) is a pair. Every ratio comes from
 * this one run; the geometric mean is taken over pairs. The plain engine runs with effort `fast`, in its
 * sizes as in its times; `best` is what `emend diff` does by itself. Times of diffs are of a process that is warm,
 * beside them the first one of each pair. Wants Debian's `bsdiff` package.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import { type AppliedFormat, applyDelta, diffDelta } from "../../src/delta/index.ts";
import { fastest, measureProcesses, memoryOfDiff, run } from "./delta-process.ts";
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
  readonly diffMs: Readonly<Record<"bsdiff" | "plain" | "plainFirst" | "best", number>>;
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
const process10 = await measureProcesses(scratch);
const largest = pairs.toSorted((a, b) => statSync(b.new).size - statSync(a.new).size)[0]!;
const diffMemory = {
  plain: await memoryOfDiff(largest.old, largest.new, "--format", "emend-bsdiff", "--effort", "fast"),
  best: await memoryOfDiff(largest.old, largest.new),
};
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
  const rounds = Math.min(10, Math.max(2, Math.ceil(6e6 / target.length)));
  const bsdiffMs = await fastest(Math.min(rounds, 6), async () =>
    run("bsdiff", pair.old, pair.new, patchFile),
  );
  const bspatchMs = await fastest(5, async () =>
    run("bspatch", pair.old, join(scratch, "result"), patchFile),
  );
  const plain = await timedDiff(source, target, "emend-bsdiff", rounds);
  const best = await timedDiff(source, target, "auto", Math.min(rounds, 2));
  const apply = async (delta: Uint8Array): Promise<number> =>
    fastest(25, async () => {
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
    diffMs: { bsdiff: bsdiffMs, plain: plain.ms, plainFirst: plain.firstMs, best: best.ms },
    applyMs: { bspatch: bspatchMs, plain: await apply(plain.made.delta), best: await apply(best.made.delta) },
  };
}

async function timedDiff(
  source: Uint8Array,
  target: Uint8Array,
  format: "emend-bsdiff" | "auto",
  rounds: number,
): Promise<{ ms: number; firstMs: number; made: Awaited<ReturnType<typeof diffDelta>> }> {
  let made: Awaited<ReturnType<typeof diffDelta>> | undefined;
  const diff = async (): Promise<void> => {
    made = await diffDelta(source, target, { format, effort: format === "auto" ? "best" : "fast" });
  };
  const firstMs = await fastest(1, diff);
  const ms = await fastest(rounds, diff);
  return { ms, firstMs, made: made! };
}

function read(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
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
    [
      "diff, memory with every candidate, bytes for each byte of the largest pair, both files",
      [diffMemory.best],
      12,
    ],
    ["diff, memory, plain, likewise", [diffMemory.plain], 12],
    ["apply in the library, plain, ms a MB, the slowest pair", [Math.max(...rows.map(msPerMegabyte))], 1.5],
    ["apply in the library, plain, ms a MB, all files", rows.map(msPerMegabyte), 1.5],
    ...Object.entries(process10.byFormat).flatMap(
      ([format, { ratio, deltaBytes, libraryMs, extraBytes }]) => {
        const size = `10 MB by ${deltaBytes} bytes of ${format}`;
        return [
          [`apply, whole process, ${size}, against bspatch`, [ratio], 0.5],
          [`apply in the library, ${size}, ms`, [libraryMs], 12],
          [`apply, memory beyond old and new, ${size}, MiB`, [extraBytes / 2 ** 20], 1],
        ] as const;
      },
    ),
  ];
  printReport({
    benchmark: "Deltas against Debian's bsdiff",
    method: [
      "ratios are against bsdiff and bspatch in this run; several pairs: their geometric mean",
      `whole processes on 10 MB: bspatch ${round(process10.bspatchMs)} ms; a program that reads, hashes, fills, hashes, writes and syncs as every checked apply must takes ${round(process10.floorRatio)} of that`,
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
      first: round(diffMs.plainFirst),
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
