/**
 * Whether a node may take a verified manifest now (release-and-patch, "Sequence and generation" and "Answers"). Steps
 * are those of this room's README, "The order of checks".
 * That a release was rolled back from (`release.bad`) is not looked at here: the journal knows, and an operator may
 * insist.
 */
import { EmendError } from "../errors.ts";
import type { ManifestFile } from "./manifest.ts";
import type { VerifiedManifest } from "./verify-envelope.ts";

/** What a node knows of itself when a patch arrives. */
export type PatchContext = {
  readonly site: string;
  readonly nodeId: string;
  readonly nowMs: number;
  /** The newest `created` that was ever accepted: a device without a battery wakes up in the past. */
  readonly newestCreatedMs: number;
  /** The highest sequence ever committed for the site. */
  readonly floor: number;
  /** Content digest of what runs. */
  readonly running: string;
  /** Whether the manifest with this digest was committed before. */
  readonly isCommitted: (manifestDigest: string) => boolean;
  /** Whether the node has a content, of what runs, is kept or embedded. */
  readonly holds: (sha256: string) => boolean;
};

/**
 * Throws, in this order, `patch.wrong-site`, `patch.wrong-recipient`, `patch.expired`, `patch.replayed`,
 * `patch.sequence`, `patch.wrong-base`.
 */
export function checkPolicy(verified: VerifiedManifest, context: PatchContext): void {
  checkAddress(verified, context);
  checkExpiry(verified, context);
  checkSequence(verified, context);
  checkBase(verified, context);
}

/** Step 6. */
function checkAddress({ manifest }: VerifiedManifest, { site, nodeId }: PatchContext): void {
  if (manifest.site !== site) {
    throw new EmendError(
      "patch.wrong-site",
      `expected a patch for the site ${site}, found one for ${manifest.site}`,
    );
  }
  if (manifest.recipient !== null && manifest.recipient !== nodeId) {
    throw new EmendError(
      "patch.wrong-recipient",
      `expected a patch for the node ${nodeId}, found one for ${manifest.recipient}`,
    );
  }
}

/** Step 7. That `created` lies ahead of the clock is no reason to refuse: without a battery the clock says 1970. */
function checkExpiry({ manifest }: VerifiedManifest, { nowMs, newestCreatedMs }: PatchContext): void {
  const { expires } = manifest;
  const latestMs = Math.max(nowMs, newestCreatedMs);
  if (expires !== null && Date.parse(expires) <= latestMs) {
    throw new EmendError(
      "patch.expired",
      `expired at ${expires}, and it is ${new Date(latestMs).toISOString()} at least`,
    );
  }
}

/** Step 8. Above the floor nothing is a replay: an operator who lowers it asks for old patches. */
function checkSequence({ manifest, digest }: VerifiedManifest, { floor, isCommitted }: PatchContext): void {
  if (manifest.sequence > floor) return;
  if (isCommitted(digest)) {
    throw new EmendError(
      "patch.replayed",
      `this very patch, sequence ${manifest.sequence}, was committed before`,
    );
  }
  throw new EmendError(
    "patch.sequence",
    `expected a sequence above ${floor}, which this site has seen, found ${manifest.sequence}`,
  );
}

/** Step 9. */
function checkBase({ manifest }: VerifiedManifest, { running, holds }: PatchContext): void {
  const { from, strict, files } = manifest;
  if (strict && from !== running) {
    throw new EmendError(
      "patch.wrong-base",
      `expected a patch from ${running}, which runs, found one from ${from}`,
    );
  }
  const needed = neededContents(files);
  const missing = needed.filter((sha256) => !holds(sha256));
  if (missing.length === 0) return;
  throw new EmendError(
    "patch.wrong-base",
    `${missing.length} of the ${needed.length} contents that it builds on are missing: ` +
      `made from ${from}, while ${running} runs`,
  );
}

/** What has to be there before: sources, and what is kept unless the patch itself brings it. */
function neededContents(files: readonly ManifestFile[]): string[] {
  const brought = new Set(files.filter(({ op }) => op !== "keep").map(({ sha256 }) => sha256));
  const needed = new Set<string>();
  for (const file of files) {
    if (file.op === "delta") needed.add(file.source);
    if (file.op === "keep" && !brought.has(file.sha256)) needed.add(file.sha256);
  }
  return [...needed];
}
