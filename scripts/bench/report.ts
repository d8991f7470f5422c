/** What every benchmark prints: the machine, a small table, and each target with what was measured against it. */
import { cpus, loadavg, release } from "node:os";

/** A goal of the project, and what this run gave. `atMost` and `atLeast` bound the same unit as `measured`. */
export interface Target {
  readonly what: string;
  readonly measured: number;
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** One benchmark's result. All rows have the keys of the first one. */
export interface Report {
  readonly benchmark: string;
  /** How it was measured, in sentences. */
  readonly method: readonly string[];
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  readonly targets: readonly Target[];
  /** What was not measured, and why. */
  readonly skipped?: readonly string[];
}

/** The option that all benchmarks take. */
const wantsJson: boolean = process.argv.includes("--json");

/** Load averages at the start: a busy machine is the first thing to look at when figures surprise. */
const loadAtStart = loadavg();

/** The value of `--name=N`, for a quicker or a longer run. */
export function numberOption(name: string, fallback: number): number {
  const given = process.argv.find((each) => each.startsWith(`--${name}=`));
  const value = given === undefined ? fallback : Number(given.slice(name.length + 3));
  if (!(value > 0)) {
    process.stderr.write(`expected --${name}=N with N above 0; got ${given}\n`);
    process.exit(2);
  }
  return value;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A number with three significant digits, as JSON and the table show it. */
export function round(value: number): number {
  return Number(value.toPrecision(value >= 1000 ? 6 : 3));
}

/** A line on stderr while a benchmark is under way. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/** Prints a report: text for people, one JSON document with `--json`. */
export function printReport(report: Report): void {
  progress("");
  const machine = describeMachine();
  const targets = report.targets.map((each) => ({
    ...each,
    measured: round(each.measured),
    met: isMet(each),
  }));
  if (wantsJson) {
    console.log(JSON.stringify({ ...report, machine, targets }, null, 2));
    return;
  }
  console.log(
    `${report.benchmark}\n${machine.cores} cores, ${machine.model}, ${machine.system}, Bun ${machine.bun}`,
  );
  console.log(`load average ${machine.loadBefore} before, ${machine.loadAfter} after\n`);
  console.log(formatTable(report.rows));
  for (const line of report.method) console.log(`- ${line}`);
  for (const line of report.skipped ?? []) console.log(`- skipped: ${line}`);
  if (targets.length > 0) console.log("");
  for (const { what, measured, atLeast, atMost, met } of targets) {
    const bound = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
    console.log(`${met ? "met   " : "MISSED"}  ${what}: ${measured} (${bound})`);
  }
}

function isMet({ measured, atLeast, atMost }: Target): boolean {
  return measured >= (atLeast ?? -Infinity) && measured <= (atMost ?? Infinity);
}

interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly system: string;
  readonly bun: string;
  readonly loadBefore: string;
  readonly loadAfter: string;
}

function describeMachine(): Machine {
  const all = cpus();
  const text = (averages: readonly number[]): string => averages.map((each) => each.toFixed(2)).join(" ");
  return {
    cores: all.length,
    model: all[0]?.model.trim() ?? "unknown processor",
    system: `${process.platform} ${release()}`,
    bun: Bun.version,
    loadBefore: text(loadAtStart),
    loadAfter: text(loadavg()),
  };
}

/** Columns as wide as their widest cell; numbers to the right. */
function formatTable(rows: Report["rows"]): string {
  const names = Object.keys(rows[0] ?? {});
  const cells = [names, ...rows.map((row) => names.map((name) => String(row[name] ?? "")))];
  const widths = names.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const isNumber = names.map((name) =>
    rows.every((row) => typeof row[name] === "number" || row[name] === "–"),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        isNumber[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join("  ")
      .trimEnd();
  const [head, ...body] = cells.map(line);
  return `${head}\n${"-".repeat(head?.length ?? 0)}\n${body.join("\n")}\n`;
}
