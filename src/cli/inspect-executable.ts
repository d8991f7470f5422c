/** `emend inspect` on an executable: which emend it is and which site it carries. */
import { type ListedFile, type Runtime, readPayload, verifyPayload } from "../release/index.ts";
import { fileTable, fileTotals, shownBytes } from "./file-table.ts";

/** What an executable carries; `runtimeBytes` is its length without the site. */
export type ExecutableReport = {
  readonly kind: "executable";
  readonly runtime: Runtime;
  readonly runtimeBytes: number;
  readonly digest: string;
  /** Whose patches it takes. */
  readonly operatorKeys: readonly string[];
  readonly files: readonly ListedFile[];
};

/**
 * Reads an executable and verifies every byte of the site in it.
 * Throws `io`, `payload.truncated`, `payload.format` and `payload.hash`.
 */
export async function inspectExecutable(file: string): Promise<ExecutableReport> {
  const executable = { file, name: file };
  const { files, config: _, ...said } = readPayload(executable);
  await verifyPayload(executable, files);
  const listed = files.map(({ path, size, sha256 }) => ({ path, size, sha256 }));
  return { kind: "executable", ...said, files: listed };
}

/** The report for people. */
export function executableText({
  runtime,
  runtimeBytes,
  digest,
  operatorKeys,
  files,
}: ExecutableReport): string {
  const keys = operatorKeys.length === 0 ? ["none"] : operatorKeys;
  return [
    `executable: emend ${runtime.version} (build ${runtime.build}) for ${runtime.platform}, ${shownBytes(runtimeBytes)} without its site`,
    `operator keys, which may patch it: ${keys.join(" ")}`,
    `release ${digest}, ${fileTotals(files)}, all intact`,
    fileTable(files, []),
  ].join("\n");
}
