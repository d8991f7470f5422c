/** Reads the stored list of a release's files. It was verified by its SHA-256, so it is what this program wrote. */
import type { ListedFile } from "../bytes/index.ts";
import { invariant } from "../errors.ts";

/** The files in the order of the digest. */
export function decodeFileList(bytes: Uint8Array): ListedFile[] {
  const lines = new TextDecoder().decode(bytes).split("\n");
  invariant(lines.pop() === "", "each line of a list is ended");
  return lines.map((line) => {
    const [, sha256, size, path] = /^([0-9a-f]{64}) (\d+) (.+)$/s.exec(line) ?? [];
    invariant(
      sha256 !== undefined && size !== undefined && path !== undefined,
      "a list has lines of three parts",
    );
    return { path, size: Number(size), sha256 };
  });
}
