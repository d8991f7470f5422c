/** `emend diff`: a delta between two files, or what a patch between two directories would take. */
import { statSync } from "node:fs";
import { Command, Option } from "commander";
import { sha256Hex } from "../bytes/index.ts";
import {
  type DeltaFormat,
  type Diff,
  deltaFormats,
  diffDelta,
  diffFiles,
  type Effort,
  type FileChange,
  type SetFile,
} from "../delta/index.ts";
import { EmendError } from "../errors.ts";
import { readInput, readTree } from "./delta-files.ts";
import { betweenSteps, progressBar } from "./progress-bar.ts";
import { replaceFile } from "./replace-file.ts";

type Options = {
  output?: string;
  format: DeltaFormat | "auto";
  effort: Effort;
  stats?: boolean;
  json?: boolean;
  budget: number;
};

/** One line of `--stats`, one element of `files` in `--json`. */
interface Row {
  readonly path: string;
  readonly op: FileChange["op"];
  readonly method: string | null;
  readonly source: string | null;
  /** Bytes of the new file, and of what is sent for it. */
  readonly size: number;
  readonly payload: number;
  readonly ms: number;
}

const help = `
Examples:
  emend diff v1/app.wasm v2/app.wasm -o app.delta        the smallest delta that emend can make
  emend diff old.bin new.bin -o p --format bsdiff40      for Debian's bspatch
  emend diff v1/ v2/ --stats                             what a patch between two directories would take

Formats: auto tries emend-bsdiff, emend-wasm and zstd-dictionary and takes the smallest; endsley-gzip and
bsdiff40 are for other tools.`;

/** The command `emend diff`. */
export function diffCommand(): Command {
  return new Command("diff")
    .description("make a delta that turns one file into another")
    .argument("<old>", "the file or directory that the other side has")
    .argument("<new>", "the file or directory it is to have")
    .option("-o, --output <file>", "the delta to write; an existing one is replaced")
    .addOption(
      new Option("--format <format>", "the format of the delta")
        .choices(["auto", ...deltaFormats])
        .default("auto"),
    )
    .addOption(
      new Option("--effort <effort>", "how hard to compress").choices(["fast", "best"]).default("best"),
    )
    .option("--budget <seconds>", "give up after this time", positiveSeconds, 600)
    .option("--stats", "print what was tried, and for each file its method, size, share and time")
    .option("--json", "print one JSON document")
    .addHelpText("after", help)
    .action(diff);
}

function positiveSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new EmendError("usage", `expected --budget with a number of seconds above 0, found ${text}`);
}

async function diff(oldPath: string, newPath: string, options: Options): Promise<void> {
  const directories = [oldPath, newPath].map(isDirectory);
  if (directories[0] !== directories[1]) {
    throw new EmendError("usage", "expected two files or two directories, found one of each");
  }
  const deadlineMs = performance.now() + options.budget * 1000;
  if (directories[0]) await diffDirectories(oldPath, newPath, options, deadlineMs);
  else await diffTwoFiles(oldPath, newPath, options, deadlineMs);
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw new EmendError("io", `cannot read ${path}: ${(error as Error).message}`);
  }
}

async function diffTwoFiles(
  oldPath: string,
  newPath: string,
  options: Options,
  deadlineMs: number,
): Promise<void> {
  if (options.output === undefined && !options.stats && !options.json) {
    throw new EmendError("usage", "expected -o FILE (or --stats or --json), found neither");
  }
  const [source, target] = [readInput(oldPath), readInput(newPath)];
  using bar = progressBar("diff");
  const startMs = performance.now();
  const made = await diffDelta(source, target, {
    format: options.format,
    effort: options.effort,
    deadlineMs,
    onProgress: betweenSteps(bar, source.length + target.length),
  });
  bar[Symbol.dispose]();
  if (options.output !== undefined) replaceFile(options.output, made.delta);
  const ms = performance.now() - startMs;
  const row = {
    path: newPath,
    op: "delta",
    method: made.format,
    source: oldPath,
    size: target.length,
    payload: made.delta.length,
    ms,
  } as const;
  report([row], options, {
    sourceSha256: made.sourceSha256,
    sha256: made.targetSha256,
    tried: made.tried,
  });
}

async function diffDirectories(
  oldPath: string,
  newPath: string,
  options: Options,
  deadlineMs: number,
): Promise<void> {
  if (options.output !== undefined || options.format !== "auto") {
    throw new EmendError(
      "usage",
      "directories are shipped by `emend patch`: diff only reports, without -o and --format",
    );
  }
  using bar = progressBar("diff");
  const [sources, targets] = [filesOf(oldPath), filesOf(newPath)];
  const largest = Math.max(0, ...[...sources, ...targets].map(({ size }) => size));
  const changes = await diffFiles(sources, targets, {
    deadlineMs,
    onProgress: betweenSteps(bar, largest),
  });
  bar[Symbol.dispose]();
  report(changes.map(rowOf), { ...options, stats: true }, {});
}

function filesOf(root: string): SetFile[] {
  return readTree(root).map((path) => {
    const read = (): Uint8Array => readInput(`${root}/${path}`);
    const bytes = read();
    return { path, size: bytes.length, sha256: sha256Hex(bytes), read };
  });
}

function rowOf(change: FileChange): Row {
  const { path, op, size, ms } = change;
  if (change.op === "keep") return { path, op, method: null, source: null, size, payload: 0, ms };
  const source = change.op === "delta" ? change.sourcePath : null;
  return { path, op, method: change.method, source, size, payload: change.payload.length, ms };
}

function report(
  rows: readonly Row[],
  options: Options,
  more: Partial<Pick<Diff, "sourceSha256" | "tried">> & { sha256?: string },
): void {
  const size = rows.reduce((sum, row) => sum + row.size, 0);
  const payload = rows.reduce((sum, row) => sum + row.payload, 0);
  if (options.json) {
    const output = options.output ?? null;
    console.log(
      JSON.stringify({
        output,
        size,
        payload,
        ...more,
        files: rows.map((row) => ({ ...row, ms: Math.round(row.ms) })),
      }),
    );
    return;
  }
  if (!options.stats) {
    process.stderr.write(
      `${options.output}: ${payload} bytes, ${share(payload, size)} of ${size}, ${rows[0]!.method}\n`,
    );
    return;
  }
  for (const { format, size: tried, ms } of more.tried ?? []) {
    console.log(
      `tried ${format.padEnd(16)} ${String(tried).padStart(10)} bytes ${ms.toFixed(0).padStart(7)} ms`,
    );
  }
  for (const { path, op, method, source, size, payload, ms } of rows) {
    const from = source === null || source === path ? "" : `  from ${shown(source)}`;
    const columns = [
      (method ?? op).padEnd(16),
      String(payload).padStart(10),
      share(payload, size).padStart(7),
      `${ms.toFixed(0)} ms`.padStart(9),
    ];
    console.log(`${columns.join(" ")}  ${shown(path)}${from}`);
  }
  if (rows.length > 1)
    console.log(`${rows.length} files, ${payload} bytes, ${share(payload, size)} of ${size}`);
}

function share(part: number, whole: number): string {
  return whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`;
}

/** A terminal must not obey what is in a file's name. */
function shown(path: string): string {
  return path.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
