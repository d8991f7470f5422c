/**
 * Applies a delta of any format that emend reads. The order of checks: format and head; the source's
 * digest, before anything is allocated or inflated; the size; the bounds of every step; the result's
 * digest. Signatures are not looked at here: whoever needs them has verified the very bytes passed in.
 */
import { sha256Hex } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import { foreignForm, openBsdiff40, openRawEndsley } from "./bsdiff40.ts";
import { containerMagic, decodeContainer } from "./container.ts";
import { decodeDictionary, dictionaryMagic } from "./dictionary.ts";
import { applyEndsley, readEndsleyHead } from "./endsley.ts";
import { gunzipReader, isGzip, parseGzipHeader } from "./gzip.ts";
import type { Head } from "./head.ts";
import { fileBytesMax } from "./limits.ts";
import { decodeModule, moduleMagic } from "./module-container.ts";
import type { Allocate } from "./patcher.ts";

/** The formats of deltas, by the names that manifests and `emend diff --format` use. */
export const deltaFormats = [
  "emend-bsdiff",
  "emend-wasm",
  "zstd-dictionary",
  "endsley-gzip",
  "bsdiff40",
] as const;
export type DeltaFormat = (typeof deltaFormats)[number];

/** What can be applied: also the raw ENDSLEY/BSDIFF43 of other tools, which emend does not write. */
export type AppliedFormat = DeltaFormat | "endsley";

export interface ApplyOptions {
  /** The source's SHA-256 where the caller has computed it from these very bytes: it is not computed again. */
  readonly knownSourceSha256?: string;
  /** Digests and size that must come out right, from a manifest or a command line. */
  readonly sourceSha256?: string;
  readonly sha256?: string;
  readonly size?: number;
  /** Longest target that is accepted, bytes. */
  readonly targetBytesMax?: number;
  /** Where a target may be put, for one that is used up before the next is made; formats that cannot make their own. */
  readonly allocate?: Allocate;
}

export interface Applied {
  readonly target: Uint8Array;
  /** SHA-256 of `target`, hexadecimal. */
  readonly sha256: string;
  readonly format: AppliedFormat;
  /** Whether the result was compared with a digest, the delta's or the caller's. */
  readonly verified: boolean;
}

/** What a delta says about itself, and how it is applied. */
interface OpenedDelta {
  readonly format: AppliedFormat;
  readonly targetSize: number;
  /** Hexadecimal; may be the beginning of a digest. */
  readonly sourceDigest?: string;
  readonly sourceSize?: number;
  readonly targetDigest?: string;
  readonly apply: (source: Uint8Array, allocate?: Allocate) => Uint8Array;
}

/** The target that `delta` makes from `source`. Throws `delta.*`, having written nothing anywhere. */
export async function applyDelta(
  source: Uint8Array,
  delta: Uint8Array,
  options: ApplyOptions = {},
): Promise<Applied> {
  const opened = open(delta);
  checkSource(source, opened, options);
  const sizeMax = options.targetBytesMax ?? fileBytesMax;
  if (options.size !== undefined && opened.targetSize !== options.size) {
    throw new EmendError("delta.bounds", `a target of ${opened.targetSize} bytes, expected ${options.size}`);
  }
  if (opened.targetSize > sizeMax) {
    throw new EmendError("delta.bomb", `a target of ${opened.targetSize} bytes, at most ${sizeMax}`);
  }
  const target = opened.apply(source, options.allocate);
  if (target.length !== opened.targetSize) {
    throw new EmendError("delta.bounds", `a result of ${target.length} bytes, expected ${opened.targetSize}`);
  }
  const sha256 = sha256Hex(target);
  for (const expected of [opened.targetDigest, options.sha256]) {
    if (expected !== undefined && !sha256.startsWith(expected.toLowerCase())) {
      throw new EmendError("delta.result-hash", `the result has SHA-256 ${sha256}, expected ${expected}`);
    }
  }
  const verified = opened.targetDigest !== undefined || options.sha256 !== undefined;
  return { target, sha256, format: opened.format, verified };
}

function checkSource(source: Uint8Array, opened: OpenedDelta, options: ApplyOptions): void {
  if (opened.sourceSize !== undefined && opened.sourceSize !== source.length) {
    throw new EmendError(
      "delta.source-hash",
      `a source of ${source.length} bytes, expected ${opened.sourceSize}`,
    );
  }
  const expected = [opened.sourceDigest, options.sourceSha256].filter((digest) => digest !== undefined);
  if (expected.length === 0) return;
  const sha256 = options.knownSourceSha256 ?? sha256Hex(source);
  for (const digest of expected) {
    if (sha256.startsWith(digest.toLowerCase())) continue;
    throw new EmendError("delta.source-hash", `the source has SHA-256 ${sha256}, expected ${digest}`);
  }
}

/** What a delta says about itself. Throws `delta.format` for what is none. */
export async function describeDelta(delta: Uint8Array): Promise<Omit<OpenedDelta, "apply">> {
  const { apply: _, ...described } = open(delta);
  return described;
}

function open(delta: Uint8Array): OpenedDelta {
  if (isGzip(delta)) return openEndsley(delta);
  const magic = new TextDecoder("latin1").decode(delta.subarray(0, 4));
  if (magic === containerMagic) return fromHead("emend-bsdiff", decodeContainer(delta));
  if (magic === moduleMagic) return fromHead("emend-wasm", decodeModule(delta));
  if (magic === dictionaryMagic) return fromHead("zstd-dictionary", decodeDictionary(delta));
  const foreign = foreignForm(delta);
  if (foreign === "bsdiff40") return { format: "bsdiff40", ...openBsdiff40(delta) };
  if (foreign === "endsley") return { format: "endsley", ...openRawEndsley(delta) };
  throw new EmendError("delta.format", `expected a delta, got a file of ${delta.length} bytes that is none`);
}

function fromHead(
  format: DeltaFormat,
  { head, apply }: { head: Head; apply: OpenedDelta["apply"] },
): OpenedDelta {
  return { format, ...head, apply };
}

function openEndsley(delta: Uint8Array): OpenedDelta {
  const { digests, start } = parseGzipHeader(delta);
  // Opened twice, here and to apply: nothing stays open when a check in between refuses the delta.
  using headReader = gunzipReader("gzip", delta, start);
  const targetSize = readEndsleyHead(headReader);
  return {
    format: "endsley-gzip",
    targetSize,
    ...(digests && { sourceDigest: digests.source.toHex(), targetDigest: digests.target.toHex() }),
    apply(source) {
      using reader = gunzipReader("gzip", delta, start);
      readEndsleyHead(reader);
      return applyEndsley(source, targetSize, reader);
    },
  };
}
