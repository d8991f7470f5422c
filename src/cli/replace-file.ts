/** Writing a file so that its name always stands for the whole old or the whole new content. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { EmendError } from "../errors.ts";

/** Writes beside `path`, syncs, renames, syncs the directory. Throws `io`, and the old file is as it was. */
export function replaceFile(path: string, bytes: Uint8Array): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    withFile(temporary, "wx", (file) => {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    });
    renameSync(temporary, path);
    withFile(dirname(path), "r", fsyncSync);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new EmendError("io", `cannot write ${path}: ${(error as Error).message}`);
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
