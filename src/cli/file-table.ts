/** The files of a site as lines for people: what `emend build` and `emend inspect` print. */
import { printable } from "./printable.ts";

type Row = { readonly path: string; readonly size: number };

/** One line per file, size first, then what was left out and why. */
export function fileTable(
  files: Iterable<Row>,
  leftOut: readonly { path: string; reason: string }[],
): string {
  const rows = Array.from(files, ({ path, size }) => ({ path, size: String(size) }));
  const width = Math.max(0, ...rows.map(({ size }) => size.length));
  const lines = rows.map(({ path, size }) => `  ${size.padStart(width)}  ${printable(path)}`);
  for (const { path, reason } of leftOut) lines.push(`  left out: ${printable(path)} (${reason})`);
  return lines.join("\n");
}

/** `12 files, 3,456 bytes`. */
export function fileTotals(files: readonly Row[]): string {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return `${files.length} ${files.length === 1 ? "file" : "files"}, ${shownBytes(bytes)}`;
}

/** `109,209,776 bytes`: exact, since people compare it with what `ls -l` says. */
export function shownBytes(bytes: number): string {
  return `${String(bytes).replace(/\B(?=(\d{3})+$)/g, ",")} bytes`;
}
