/**
 * The index of an embedded site, as JSON:
 *
 * ```json
 * { "runtime": { "version": "0.1.0", "platform": "linux-x64" }, "digest": "sha256:…",
 *   "files": [{ "path": "public/index.html", "size": 900, "sha256": "…" }], "operator": {} }
 * ```
 *
 * `files` is in the order of the content digest. `operator` is the place of what belongs to the node's operator and
 * not to the site; nothing is in it yet, and what this version does not know it refuses.
 */
import * as v from "valibot";
import { EmendError } from "../errors.ts";
import { releaseFilesMax } from "../limits.ts";
import { contentDigest, type ListedFile, sortedByPath } from "./file-list.ts";
import { checkPaths } from "./path.ts";

/** Which emend an executable is. `platform` is a name of `npm run build -- --target`. */
export type Runtime = { readonly version: string; readonly platform: string };

/** The parsed index. */
export type PayloadIndex = {
  readonly runtime: Runtime;
  readonly digest: string;
  readonly files: readonly ListedFile[];
};

const indexSchema = v.strictObject({
  runtime: v.strictObject({ version: v.string(), platform: v.string() }),
  digest: v.string(),
  files: v.pipe(
    v.array(
      v.strictObject({
        path: v.string(),
        size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
        sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
      }),
    ),
    v.maxLength(releaseFilesMax),
  ),
  operator: v.strictObject({}),
});

/** The bytes of an index. */
export function encodePayloadIndex({ runtime, digest, files }: PayloadIndex): Uint8Array {
  const listed = sortedByPath(files).map(({ path, size, sha256 }) => ({ path, size, sha256 }));
  return Buffer.from(JSON.stringify({ runtime, digest, files: listed, operator: {} }));
}

/** Parses and checks an index. Throws `payload.format` (`payload.hash` when the digest is not that of the files). */
export function parsePayloadIndex(bytes: Uint8Array, executable: string): PayloadIndex {
  const parsed = v.safeParse(indexSchema, parseJson(bytes, executable));
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw indexError(executable, `${v.getDotPath(issue) ?? "the index"}: ${issue.message}`);
  }
  const { runtime, digest, files } = parsed.output;
  checkPaths(files.map(({ path }) => path));
  if (sortedByPath(files).some((file, at) => file !== files[at])) {
    throw indexError(executable, "its files are not in the order of their paths");
  }
  const found = contentDigest(files);
  if (found === digest) return { runtime, digest, files };
  throw new EmendError("payload.hash", `${executable}: expected the embedded site ${digest}, found ${found}`);
}

function parseJson(bytes: Uint8Array, executable: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw indexError(executable, "it is not JSON", error);
  }
}

function indexError(executable: string, what: string, cause?: unknown): EmendError {
  return new EmendError(
    "payload.format",
    `${executable}: the index of the embedded site is damaged: ${what}`,
    {
      cause,
    },
  );
}
