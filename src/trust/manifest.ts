/**
 * The manifest of a patch (release-and-patch, "The file"): what the release consists of, to the last byte, and who
 * may take it when. Parsed only after its bytes were verified, but for people who ask what a patch says.
 */
import * as v from "valibot";
import { EmendError } from "../errors.ts";
import { releaseFilesMax } from "../limits.ts";

/** How a delta's payload is made; the names of `emend diff --format`. */
export const deltaMethods = ["endsley-gzip", "emend-bsdiff", "emend-wasm", "zstd-dictionary"] as const;
export type DeltaMethod = (typeof deltaMethods)[number];

/** How the payload of a full file is compressed. */
export const fullMethods = ["none", "gzip", "brotli", "zstd"] as const;
export type FullMethod = (typeof fullMethods)[number];

/** What stands between a payload's file and its place in the patch. Hashes are 64 hexadecimal digits. */
export type ManifestPayload = { readonly size: number; readonly sha256: string };

/** One file of the release, and how it comes about. Hashes are 64 hexadecimal digits. */
export type ManifestFile = { readonly path: string; readonly size: number; readonly sha256: string } & (
  | { readonly op: "keep" }
  | {
      readonly op: "delta";
      readonly source: string;
      readonly method: DeltaMethod;
      readonly payload: ManifestPayload;
    }
  | { readonly op: "full"; readonly method: FullMethod; readonly payload: ManifestPayload }
);

export type Manifest = {
  readonly format: 1;
  readonly site: string;
  /** Whether `from` must be what runs. */
  readonly strict: boolean;
  /** Content digest that the publisher diffed against; null for a full release. */
  readonly from: string | null;
  /** Content digest of `files`. */
  readonly to: string;
  readonly sequence: number;
  /** UTC, `2026-01-01T00:00:00Z`. */
  readonly created: string;
  readonly expires: string | null;
  /** The id of the one node that may take it. */
  readonly recipient: string | null;
  readonly label: string | null;
  /** The whole release: nothing has to say what is deleted, and nothing can be mixed. */
  readonly files: readonly ManifestFile[];
};

const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "64 lower-case hexadecimal digits"));
const digest = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/, '"sha256:" and 64 hexadecimal digits'));
/** 0 to 2^53 - 1. */
const count = v.pipe(v.number(), v.safeInteger("a whole number below 2^53"), v.minValue(0));
const payload = v.strictObject({ size: count, sha256 });
const named = { path: v.string(), size: count, sha256 };

const instant = v.pipe(
  v.string(),
  v.check(isInstant, 'a time in UTC without fractions, as "2026-01-01T00:00:00Z"'),
);

const file = v.variant("op", [
  v.strictObject({ ...named, op: v.literal("keep") }),
  v.strictObject({
    ...named,
    op: v.literal("delta"),
    source: sha256,
    method: v.picklist(deltaMethods),
    payload,
  }),
  v.strictObject({ ...named, op: v.literal("full"), method: v.picklist(fullMethods), payload }),
]);

const schema = v.strictObject({
  format: v.literal(1),
  site: v.pipe(v.string(), v.regex(/^[A-Za-z0-9._-]{1,64}$/, "the name of a site")),
  strict: v.boolean(),
  from: v.nullable(digest),
  to: digest,
  sequence: v.pipe(count, v.minValue(1)),
  created: instant,
  expires: v.nullable(instant),
  recipient: v.nullable(v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, "the id of a node"))),
  label: v.nullable(
    v.pipe(v.string(), v.check(isLabel, "a text of 1 to 100 characters without control characters")),
  ),
  // Counted before one of them is looked at.
  files: v.pipe(v.array(v.unknown()), v.minLength(1), v.maxLength(releaseFilesMax), v.array(file)),
});

/**
 * Reads a manifest's bytes. Whether its paths may be, and `to` is right, is not looked at: see verifyEnvelope.
 * A key that stands twice is not refused: the signature says that the publisher wrote it, and every node takes the
 * later one. Throws `patch.format`.
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  const parsed = v.safeParse(schema, parseJson(bytes), { abortEarly: true });
  if (!parsed.success) throw refused(issueText(parsed.issues[0]));
  checkCoherence(parsed.output);
  return parsed.output;
}

/** What holds between fields. */
function checkCoherence({ from, strict, created, expires, files }: Manifest): void {
  if (strict && from === null) throw refused("strict, but made from no release");
  if (expires !== null && Date.parse(expires) <= Date.parse(created)) {
    throw refused(`expires at ${expires}, not after it was created at ${created}`);
  }
  const sizes = new Map<string, number>();
  for (const each of files) {
    const size = sizes.get(each.sha256) ?? each.size;
    if (size !== each.size) throw refused(`one content with two sizes, ${size} and ${each.size} bytes`);
    sizes.set(each.sha256, size);
  }
  if (from === null) checkFullRelease(files);
}

/** A release from nothing applies whatever runs: its files are whole, or equal to one that is. */
function checkFullRelease(files: readonly ManifestFile[]): void {
  const whole = new Set(files.filter(({ op }) => op === "full").map((each) => each.sha256));
  const foreign = files.find((each) => each.op === "delta" || !whole.has(each.sha256));
  if (foreign !== undefined) throw refused(`made from no release, but one file is ${foreign.op}`);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw refused("expected one JSON document in UTF-8");
  }
}

function issueText(issue: v.BaseIssue<unknown>): string {
  const where = v.getDotPath(issue) ?? "the document";
  // What was found is the publisher's text, and may be long.
  return `${where}: expected ${(issue.expected ?? issue.message).slice(0, 200)}`;
}

/** Round trip: Date.parse alone takes the 30th of February for the 2nd of March. */
function isInstant(text: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && formatInstant(ms) === text;
}

/** A time as manifests write it, rounded down to its second. */
export function formatInstant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** It is shown on terminals and in dashboards. */
function isLabel(text: string): boolean {
  return text.length >= 1 && text.length <= 100 && text.isWellFormed() && !/\p{Cc}/u.test(text);
}

function refused(why: string): EmendError {
  return new EmendError("patch.format", `the manifest: ${why}`);
}
