/** Bytes that are read from a disk that others write to. */
import { createSha256 } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import { isResident, type SiteFile } from "./content.ts";

/** What is hashed at once on the thread that answers requests, bytes: some 0.3 ms. */
const pieceBytes = 512 * 1024;

/**
 * Reads a file into memory; hashes it, with requests in between, unless it lies where nobody can change it. Rejects with
 * `release.changed` when its bytes are not those of its digest.
 */
export async function readVerified(file: SiteFile): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await file.blob.bytes();
  if (isResident(file)) return bytes;
  const hash = createSha256();
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve));
    hash.update(bytes.subarray(at, at + pieceBytes));
  }
  const found = hash.hex();
  if (found !== file.sha256) throw changedFile(file, `expected SHA-256 ${file.sha256}, found ${found}`);
  return bytes;
}

/** Throws `release.changed` when a file is known to be no longer the one that was hashed. */
export function checkUnchanged(file: SiteFile): void {
  if (file.unchanged?.() === false)
    throw changedFile(file, "expected the file that was hashed, found another");
}

function changedFile({ path }: SiteFile, detail: string): EmendError {
  return new EmendError(
    "release.changed",
    `${path}: changed on disk after it entered the release: ${detail}`,
  );
}
