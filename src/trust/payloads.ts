/**
 * The payloads behind a patch's envelope: back to back, in the manifest's order, not one byte more (steps 10 and 11 of
 * this room's README).
 */
import { sha256Hex } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import type { ManifestFile } from "./manifest.ts";
import type { VerifiedManifest } from "./verify-envelope.ts";

/** A file that comes with a payload. */
export type CarriedFile = Exclude<ManifestFile, { op: "keep" }>;

/** How long the whole patch has to be, bytes. */
export function patchBytes({ manifest, payloadsOffset }: VerifiedManifest): number {
  return carriedFiles(manifest.files).reduce((sum, { payload }) => sum + payload.size, payloadsOffset);
}

/**
 * The payloads of a whole patch, as views, each after its hash was found right. The length is looked at before the
 * first. Throws `patch.truncated`, `patch.format` when bytes are left over, and `patch.hash`.
 */
export function* payloadsOf(
  verified: VerifiedManifest,
  patch: Uint8Array,
): Generator<{ file: CarriedFile; payload: Uint8Array }, void, undefined> {
  checkLength(patch.length, patchBytes(verified));
  let offset = verified.payloadsOffset;
  for (const file of carriedFiles(verified.manifest.files)) {
    const payload = patch.subarray(offset, offset + file.payload.size);
    const sha256 = sha256Hex(payload);
    if (sha256 !== file.payload.sha256) {
      throw new EmendError(
        "patch.hash",
        `the payload of ${JSON.stringify(file.path)}: expected SHA-256 ${file.payload.sha256}, found ${sha256}`,
      );
    }
    yield { file, payload };
    offset += payload.length;
  }
}

function checkLength(found: number, expected: number): void {
  const [code, what] =
    found < expected ? (["patch.truncated", "less"] as const) : (["patch.format", "more"] as const);
  if (found !== expected)
    throw new EmendError(code, `expected a patch of ${expected} bytes, found ${what}: ${found}`);
}

function carriedFiles(files: readonly ManifestFile[]): CarriedFile[] {
  return files.filter((file) => file.op !== "keep");
}
