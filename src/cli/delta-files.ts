/** Reading what `emend diff` and `emend apply` work on. */
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { EmendError } from "../errors.ts";

/** The bytes of a file. Throws `io`. */
export function readInput(path: string): Uint8Array {
  try {
    const bytes = readFileSync(path);
    // The same bytes, not a copy: these files are large.
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch (error) {
    throw new EmendError("io", `cannot read ${path}: ${(error as Error).message}`);
  }
}

/** Paths of the regular files below a directory, relative, `/` between segments, sorted by their bytes. */
export function readTree(root: string): string[] {
  const paths: string[] = [];
  const walk = (below: string): void => {
    for (const name of readdirSync(`${root}/${below}`)) {
      const path = below === "" ? name : `${below}/${name}`;
      const stat = lstatSync(`${root}/${path}`);
      if (stat.isDirectory()) walk(path);
      else if (stat.isFile()) paths.push(path);
    }
  };
  try {
    walk("");
  } catch (error) {
    throw new EmendError("io", `cannot read ${root}: ${(error as Error).message}`);
  }
  return paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
