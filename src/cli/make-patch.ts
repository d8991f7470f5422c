/**
 * A signed patch from one side to another, which has been verified and applied once before it leaves this file: what
 * a node would find wrong with it is found here.
 */
import { sha256Hex } from "../bytes/index.ts";
import {
  applyDelta,
  type DiffOptions,
  decodeFull,
  diffFiles,
  type FileChange,
  type SetFile,
} from "../delta/index.ts";
import { invariant } from "../errors.ts";
import type { ListedFile } from "../release/index.ts";
import {
  describeChanges,
  encodeManifest,
  encodePatch,
  type SecretKey,
  signManifest,
} from "../signing/index.ts";
import { type Manifest, openEnvelope, payloadsOf, verifyEnvelope } from "../trust/index.ts";
import type { PatchSide } from "./patch-side.ts";

/** What the publisher says about the release, beside its files. */
export type PatchHead = Omit<Manifest, "format" | "from" | "to" | "files">;

/** A patch, and what it is made of. */
export interface MadePatch {
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
  /** SHA-256 of the manifest's bytes, hexadecimal. */
  readonly manifestDigest: string;
  readonly changes: readonly FileChange[];
  /** Paths of the old side that the new one does not have. */
  readonly removed: readonly string[];
}

/** How the work goes. */
export interface PatchProgress extends Pick<DiffOptions, "deadlineMs"> {
  readonly onFetch: (share: number) => void;
  readonly onDiff: (share: number) => void;
}

/**
 * Makes the patch from `old` (null: a full release) to `target`. Throws what reading the sides throws, and
 * `patch.format` or `delta.*` for a release that no patch can carry.
 */
export async function makePatch(
  old: PatchSide | null,
  target: PatchSide,
  head: PatchHead,
  keys: readonly SecretKey[],
  progress: PatchProgress,
): Promise<MadePatch> {
  const read = await openContents(old, target, progress.onFetch);
  const setFile = (file: ListedFile): SetFile => ({ ...file, read: () => read(file.sha256) });
  const changes = await diffFiles((old?.files ?? []).map(setFile), target.files.map(setFile), {
    ...(progress.deadlineMs === undefined ? {} : { deadlineMs: progress.deadlineMs }),
    onProgress: progress.onDiff,
  });
  const { files, payloads } = describeChanges(changes);
  const manifest: Manifest = { format: 1, ...head, from: old?.digest ?? null, to: target.digest, files };
  const manifestBytes = encodeManifest(manifest);
  const comment = `site:${head.site}\tsequence:${head.sequence}\tto:${target.digest}`;
  const signatures = keys.map((key) => signManifest(manifestBytes, key, comment));
  const bytes = encodePatch(manifestBytes, payloads, signatures);
  await checkPatch(bytes, keys, read);
  const paths = new Set(target.files.map(({ path }) => path));
  return {
    bytes,
    manifest,
    manifestDigest: sha256Hex(manifestBytes),
    changes,
    removed: (old?.files ?? []).map(({ path }) => path).filter((path) => !paths.has(path)),
  };
}

/**
 * Makes readable what a diff looks at, each content from where it costs least. Where nothing is new, that is nothing;
 * else every old file may be the best source of a new one.
 */
async function openContents(
  old: PatchSide | null,
  target: PatchSide,
  onProgress: (share: number) => void,
): Promise<(sha256: string) => Uint8Array> {
  const [has, wanted] = [contentsOf(old), contentsOf(target)];
  const isNew = wanted.difference(has);
  const fromOld = isNew.size === 0 ? new Set<string>() : target.isLocal ? has.difference(wanted) : has;
  await old?.fetch(fromOld, (share) => onProgress(share / 2));
  await target.fetch(isNew, (share) => onProgress(0.5 + share / 2));
  return (sha256) => {
    const side = wanted.has(sha256) && (target.isLocal || isNew.has(sha256)) ? target : old;
    invariant(side !== null, "a content is of one of the sides");
    return side.read(sha256);
  };
}

function contentsOf(side: PatchSide | null): Set<string> {
  return new Set(side?.files.map(({ sha256 }) => sha256));
}

/** Reads a patch as a node does, and applies all of it. */
async function checkPatch(
  patch: Uint8Array,
  keys: readonly SecretKey[],
  read: (sha256: string) => Uint8Array,
): Promise<void> {
  const trusted = keys.map(({ publicKey }) => publicKey);
  const verified = verifyEnvelope(openEnvelope(patch), {
    ...{ keys: trusted, retired: [], threshold: trusted.length },
  });
  for (const { file, payload } of payloadsOf(verified, patch)) {
    const { size, sha256 } = file;
    const made =
      file.op === "full"
        ? decodeFull(file.method, payload, size)
        : (await applyDelta(read(file.source), payload, { size, sha256 })).target;
    invariant(sha256Hex(made) === sha256, `a patch makes ${file.path} as it was`);
  }
}
