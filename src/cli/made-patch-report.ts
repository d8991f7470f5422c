/** What `emend patch` has made, file by file: as data and as lines for people. */
import type { WhyFull } from "../delta/index.ts";
import type { SecretKey } from "../signing/index.ts";
import { columns } from "./columns.ts";
import { fileTotals, shownBytes } from "./file-table.ts";
import type { MadePatch } from "./make-patch.ts";
import { type PatchReport, reportPatch } from "./patch-report.ts";
import { printable } from "./printable.ts";

/** The report of `emend inspect` on the same patch, and what only its maker knows. */
export type MadePatchReport = PatchReport & {
  readonly output: string;
  /** Numbers of the keys that signed. */
  readonly signers: readonly string[];
  /** How each file that comes with a payload was decided. */
  readonly changes: readonly MadeChange[];
  /** Paths of the old release that the new one does not have. */
  readonly removed: readonly string[];
};

interface MadeChange {
  readonly path: string;
  readonly op: "delta" | "full";
  readonly method: string;
  /** The old file that the delta is made from. */
  readonly sourcePath: string | null;
  readonly size: number;
  readonly payload: number;
  readonly ms: number;
  readonly why: WhyFull | null;
}

export function reportMadePatch(
  made: MadePatch,
  output: string,
  keys: readonly SecretKey[],
): MadePatchReport {
  const { bytes, manifest, manifestDigest, changes, removed } = made;
  return {
    ...reportPatch(manifest, manifestDigest, bytes.length),
    output,
    signers: keys.map(({ publicKey }) => publicKey.number),
    changes: changes.flatMap((change): MadeChange[] => {
      if (change.op === "keep") return [];
      const { path, op, method, size, payload, ms } = change;
      const [sourcePath, why] = op === "delta" ? [change.sourcePath, null] : [null, change.why];
      return [{ path, op, method, sourcePath, size, payload: payload.length, ms: Math.round(ms), why }];
    }),
    removed,
  };
}

/** The report for people. */
export function madePatchText(report: MadePatchReport): string {
  const { output, site, from, to, sequence, expires, counts, changes, removed, bytes, signers, files } =
    report;
  const kept = files.filter(({ op }) => op === "keep");
  return [
    `site ${site}: ${from ?? "nothing"}`,
    `→ ${to}, sequence ${sequence}${expires === null ? "" : `, expires ${expires}`}`,
    ...columns([
      ...changes.map((change) => changeCells(change, from === null)),
      ...removed.map((path) => ["removed", "", "", printable(path)]),
      ["kept", "", "", fileTotals(kept)],
    ]).map((line) => `  ${line}`),
    `${output}: ${shownBytes(bytes.patch)}, ${shown(bytes.patch, bytes.full)} of the release; ` +
      `${counts.delta} by delta, ${counts.full} whole; signed by ${signers.join(", ")}`,
  ].join("\n");
}

function changeCells(change: MadeChange, isFullRelease: boolean): string[] {
  const { path, method, sourcePath, size, payload, why } = change;
  const notes = [
    ...(sourcePath === null || sourcePath === path ? [] : [` from ${printable(sourcePath)}`]),
    // There was nothing that it could have been made from.
    ...(why === null || isFullRelease ? [] : [` (whole: ${sentence(why)})`]),
  ];
  return [
    method,
    String(payload).padStart(9),
    shown(payload, size).padStart(7),
    printable(path) + notes.join(""),
  ];
}

function sentence(why: WhyFull): string {
  switch (why.reason) {
    case "unlike":
      return "no old file is like it";
    case "larger":
      return `the delta from ${printable(why.sourcePath)} has ${why.deltaBytes} bytes`;
    case "budget":
      return `no delta from ${printable(why.sourcePath)}: ${printable(why.message)}`;
  }
}

function shown(part: number, whole: number): string {
  return whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`;
}
