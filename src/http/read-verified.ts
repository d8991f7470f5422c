/** Bytes that are read from a disk that others write to. */
import { sha256Hex } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import type { SiteFile } from "./content.ts";

/** Reads a file into memory. Rejects with `release.changed` when its bytes are not those of its digest. */
export async function readVerified(file: SiteFile): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await file.blob.bytes();
  const found = sha256Hex(bytes);
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
