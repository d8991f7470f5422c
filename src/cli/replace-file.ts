/** Writing a file so that its name always stands for the whole old or the whole new content. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { EmendError, messageOf } from "../errors.ts";

/**
 * Writes beside `path`, syncs, renames, syncs the directory. Throws `io`, and what was there is as it was:
 * devices, pipes and directories too, which a rename would put aside.
 */
export function replaceFile(path: string, bytes: Uint8Array): void {
  try {
    const old = statSync(path, { throwIfNoEntry: false });
    if (old !== undefined && !old.isFile()) throw new Error("expected the name of a file");
    const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
    withFile(temporary, "wx", (file) => putInPlace(file, temporary, path, bytes));
    withFile(dirname(path), "r", fsyncSync);
  } catch (error) {
    throw new EmendError("io", `cannot write ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** The temporary file does not outlive a failure. */
function putInPlace(file: number, temporary: string, path: string, bytes: Uint8Array): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function withFile(path: string, flags: string, use: (file: number) => void): void {
  const file = openSync(path, flags);
  try {
    use(file);
  } finally {
    closeSync(file);
  }
}
