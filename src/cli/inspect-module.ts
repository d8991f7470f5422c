/** `emend inspect` on a module: what it needs, what emend offers, and how its instances are put back. */
import { basename } from "node:path";
import { sha256Hex } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import {
  type CheckedImport,
  checkImports,
  compileCommand,
  decode,
  measureReset,
  type ResetReport,
} from "../guest/index.ts";
import { columns } from "./columns.ts";
import { shownBytes } from "./file-table.ts";
import { printable } from "./printable.ts";

export interface ModuleReport {
  readonly kind: "module";
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** "wagi" for a command that emend can serve; null with the reason in `problem`. */
  readonly handler: "wagi" | null;
  readonly problem: string | null;
  readonly imports: readonly CheckedImport[];
  readonly exports: readonly { readonly name: string; readonly kind: string }[];
  /** Pages of 64 KiB. */
  readonly memories: readonly { readonly minPages: number; readonly maxPages: number | null }[];
  /** Functions that run once, before the snapshot: what they draw at random repeats in every request. */
  readonly initializers: readonly string[];
  readonly reset: ResetReport | null;
}

/** @throws EmendError `module.invalid` when the file is no module at all. */
export async function inspectModule(file: string, bytes: Uint8Array): Promise<ModuleReport> {
  const name = basename(file);
  const info = decode(bytes, name);
  const verdict = await tryCompile(bytes, name);
  return {
    kind: "module",
    file,
    sizeBytes: bytes.length,
    sha256: sha256Hex(bytes),
    handler: verdict.compiled === undefined ? null : "wagi",
    problem: verdict.problem ?? null,
    imports: checkImports(info),
    exports: info.exports.map((each) => ({ name: each.name, kind: each.kind })),
    memories: info.memories.map((each) => ({ minPages: each.min, maxPages: each.max ?? null })),
    initializers: verdict.compiled?.initializers.filter((each) => !each.startsWith("emend:")) ?? [],
    reset: verdict.compiled === undefined ? null : await measureReset(verdict.compiled),
  };
}

/** The report for people. */
export function moduleText(report: ModuleReport): string {
  const lines = [
    `module ${report.file}: ${shownBytes(report.sizeBytes)}, sha256 ${report.sha256}`,
    report.handler === null
      ? `cannot be served: ${printable(report.problem ?? "")}`
      : 'handler: "wagi" (a WASI command)',
    ...report.memories.map(
      ({ minPages, maxPages }) =>
        `memory: ${minPages} pages of 64 KiB${maxPages === null ? ", no maximum" : `, at most ${maxPages}`}`,
    ),
  ];
  if (report.reset !== null) lines.push(`reset: ${report.reset.strategy} (${report.reset.why})`);
  if (report.initializers.length > 0) {
    lines.push(
      `runs once, before the snapshot: ${report.initializers.join(", ")}; random state made there repeats`,
    );
  }
  lines.push(...importLines(report.imports));
  lines.push(`exports (${report.exports.length}):`);
  for (const each of report.exports) lines.push(`  ${each.kind} ${printable(each.name)}`);
  return lines.join("\n");
}

/** What each import needs, beside what emend offers under its name. */
function importLines(imports: readonly CheckedImport[]): string[] {
  if (imports.length === 0) return ["imports: none"];
  const missing = imports.filter((each) => each.problem !== undefined).length;
  const verdict = missing === 0 ? "all supported" : `${missing} not supported`;
  const rows = imports.map(({ module, name, kind, signature, offered, problem }) => [
    problem === undefined ? "  ok" : "  NO",
    printable(`${module}.${name}`),
    signature ?? `a ${kind}`,
    offered === signature && offered !== undefined ? "the same" : (offered ?? "nothing"),
  ]);
  const head = ["    ", "import", "needed", "offered"];
  return [`imports (${imports.length}), ${verdict}:`, ...columns([head, ...rows])];
}

async function tryCompile(
  bytes: Uint8Array,
  name: string,
): Promise<{ compiled?: Awaited<ReturnType<typeof compileCommand>>; problem?: string }> {
  try {
    return { compiled: await compileCommand(bytes, name) };
  } catch (error) {
    if (error instanceof EmendError) return { problem: error.message };
    throw error;
  }
}
