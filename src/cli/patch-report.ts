/** What a patch says of itself, for `emend verify` and `emend inspect`: as data and as lines for people. */
import type { Manifest, ManifestFile } from "../trust/index.ts";
import { columns } from "./columns.ts";
import { shownBytes } from "./file-table.ts";
import { printable } from "./printable.ts";

/** A manifest without its files, the files with what each costs, and the sums. Sizes in bytes. */
export type PatchReport = {
  readonly kind: "patch";
  /** SHA-256 of the manifest's bytes, hexadecimal. */
  readonly manifest: string;
  readonly bytes: { readonly patch: number; readonly full: number };
  readonly counts: Readonly<Record<ManifestFile["op"], number>>;
} & Manifest;

/** The report on a patch of `patchLength` bytes. */
export function reportPatch(manifest: Manifest, manifestDigest: string, patchLength: number): PatchReport {
  const { files } = manifest;
  const full = files.reduce((sum, { size }) => sum + size, 0);
  const counts = { keep: 0, delta: 0, full: 0 };
  for (const { op } of files) counts[op]++;
  return {
    kind: "patch",
    manifest: manifestDigest,
    bytes: { patch: patchLength, full },
    counts,
    ...manifest,
  };
}

/** The report for people, without a word on whether it is to be believed. */
export function patchText(report: PatchReport): string {
  const { bytes, counts, files } = report;
  const sum = (op: ManifestFile["op"]): number =>
    files.reduce((total, file) => (file.op === op ? total + file.size : total), 0);
  const carried = (op: "delta" | "full"): number =>
    files.reduce((total, file) => (file.op === op ? total + file.payload.size : total), 0);
  return [
    ...columns(headRows(report)),
    `the whole release: ${files.length} ${files.length === 1 ? "file" : "files"}, ${shownBytes(bytes.full)}`,
    `  kept     ${counts.keep}, ${shownBytes(sum("keep"))}`,
    `  changed  ${counts.delta}, ${shownBytes(sum("delta"))}, by deltas of ${shownBytes(carried("delta"))}`,
    `  whole    ${counts.full}, ${shownBytes(sum("full"))}, sent as ${shownBytes(carried("full"))}`,
    ...fileLines(files).map((line) => `  ${line}`),
  ].join("\n");
}

function headRows({ site, from, to, strict, sequence, ...rest }: PatchReport): string[][] {
  const { created, expires, recipient, label } = rest;
  return [
    ["site", site],
    ["from", from === null ? "nothing: a full release" : `${from}${strict ? ", which has to run" : ""}`],
    ["to", to],
    ["sequence", String(sequence)],
    ["created", created],
    ["expires", expires ?? "never"],
    ["for", recipient === null ? "every node that trusts its keys" : `the node ${recipient}`],
    ["label", label ?? "none"],
  ];
}

/** One line a file: how it comes about, what is sent for it, what it comes to. */
function fileLines(files: readonly ManifestFile[]): string[] {
  const rows = files.map((file) => {
    const [method, sent] = file.op === "keep" ? ["", ""] : [file.method, String(file.payload.size)];
    return { op: file.op, method, sent, size: String(file.size), path: printable(file.path) };
  });
  // Not Math.max(...): a release may have thousands of files.
  const widthOf = (name: "sent" | "size"): number =>
    rows.reduce((width, row) => Math.max(width, row[name].length), name.length);
  const [sentWidth, sizeWidth] = [widthOf("sent"), widthOf("size")];
  const head = { op: "op", method: "method", sent: "sent", size: "size", path: "path" };
  return columns(
    [head, ...rows].map(({ op, method, sent, size, path }) => [
      op,
      method,
      sent.padStart(sentWidth),
      size.padStart(sizeWidth),
      path,
    ]),
  );
}
