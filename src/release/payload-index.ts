/**
 * The index of an embedded site, as JSON:
 *
 * ```json
 * { "runtime": { "version": "0.1.0", "platform": "linux-x64", "build": "6a1f…" },
 *   "digest": "sha256:…",
 *   "files": [{ "path": "public/index.html", "size": 900, "sha256": "…" }],
 *   "config": { "routes": [], "assets": {} },
 *   "rewritten": [{ "source": "…", "size": 4000, "sha256": "…" }],
 *   "operator": { "keys": ["RWQ…"] } }
 * ```
 *
 * `files` is in the order of the content digest. `config` is what the writer made of the site's configuration, null
 * when the runtime is of another build and has to read it by itself. `rewritten` are the modules as they go to the
 * engine, likewise for the same build: `source` is the SHA-256 of the module that each was made of. `operator` is the place of what belongs to the
 * node's operator and not to the site: the public keys that may patch it (`emend build --key`). It is `{}` where there
 * are none, as it was before there could be any. What this version does not know it refuses.
 */

import { checkPaths, contentDigest, type ListedFile, sortedByPath } from "../bytes/index.ts";
import type { SiteConfig } from "../config/index.ts";
import { EmendError } from "../errors.ts";
import { operatorKeysMax, releaseFilesMax } from "../limits.ts";

/**
 * Which emend an executable is. `platform` is a name of `npm run build -- --target`, `build` is equal for all
 * platforms that were built from the same sources, and for no others.
 */
export type Runtime = { readonly version: string; readonly platform: string; readonly build: string };

/** Bytes that were made of a module: `source` is the SHA-256 of the module, `size` and `sha256` are theirs. */
export type RewrittenEntry = { readonly source: string; readonly size: number; readonly sha256: string };

/** The parsed index. */
export type PayloadIndex = {
  readonly runtime: Runtime;
  readonly digest: string;
  readonly files: readonly ListedFile[];
  readonly config: SiteConfig | null;
  /** What was made of modules for the engine, for the same build; like `config`, opaque to others. */
  readonly rewritten: readonly RewrittenEntry[];
  /** Minisign public keys as one line of text each. */
  readonly operatorKeys: readonly string[];
};

/** The bytes of an index. */
export function encodePayloadIndex({
  runtime,
  digest,
  files,
  config,
  rewritten,
  operatorKeys,
}: PayloadIndex): Uint8Array {
  const listed = sortedByPath(files).map(({ path, size, sha256 }) => ({ path, size, sha256 }));
  const operator = operatorKeys.length === 0 ? {} : { keys: operatorKeys };
  return Buffer.from(JSON.stringify({ runtime, digest, files: listed, config, rewritten, operator }));
}

/**
 * Parses and checks an index whose hash is right. Throws `payload.format`, `patch.path` and, when the digest is not
 * that of the files, `payload.hash`.
 *
 * By hand and not by a schema: this runs before the first request of every start, where loading valibot alone would
 * take a tenth of the time. The fields of `config` are not looked at: the hash says that they are what was written,
 * and only a runtime of the same build takes them.
 */
export function parsePayloadIndex(bytes: Uint8Array, executable: string): PayloadIndex {
  const index = parseJson(bytes, executable);
  if (!isIndex(index)) {
    throw indexError(
      executable,
      "expected runtime, digest, files, config, rewritten and operator as this version has them",
    );
  }
  const { runtime, digest, files, config, rewritten, operator } = index;
  checkPaths(files.map(({ path }) => path));
  if (sortedByPath(files).some((file, at) => file !== files[at])) {
    throw indexError(executable, "its files are not in the order of their paths");
  }
  const found = contentDigest(files);
  if (found === digest)
    return { runtime, digest, files, config, rewritten, operatorKeys: operator.keys ?? [] };
  throw new EmendError("payload.hash", `${executable}: expected the embedded site ${digest}, found ${found}`);
}

function parseJson(bytes: Uint8Array, executable: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw indexError(executable, "it is not JSON", error);
  }
}

type StoredIndex = Omit<PayloadIndex, "operatorKeys"> & { readonly operator: { readonly keys?: string[] } };

function isIndex(value: unknown): value is StoredIndex {
  return (
    hasKeys(value, "runtime", "digest", "files", "config", "rewritten", "operator") &&
    hasKeys(value.runtime, "version", "platform", "build") &&
    Object.values(value.runtime).every((field) => typeof field === "string") &&
    typeof value.digest === "string" &&
    Array.isArray(value.files) &&
    value.files.length <= releaseFilesMax &&
    value.files.every(isListedFile) &&
    (value.config === null || hasKeys(value.config, "routes", "assets")) &&
    Array.isArray(value.rewritten) &&
    value.rewritten.length <= value.files.length &&
    value.rewritten.every(isRewrittenEntry) &&
    isOperator(value.operator)
  );
}

/** Of keys only the shape is looked at: whoever is to believe them parses them. */
function isOperator(value: unknown): value is StoredIndex["operator"] {
  if (hasKeys(value)) return true;
  if (!hasKeys(value, "keys") || !Array.isArray(value.keys)) return false;
  const { keys } = value;
  return (
    keys.length > 0 &&
    keys.length <= operatorKeysMax &&
    new Set(keys).size === keys.length &&
    keys.every((key) => typeof key === "string" && /^RW[A-Za-z0-9+/]{54}$/.test(key))
  );
}

function isListedFile(value: unknown): value is ListedFile {
  if (!hasKeys(value, "path", "size", "sha256")) return false;
  return typeof value.path === "string" && isSize(value.size) && isSha256(value.sha256);
}

function isRewrittenEntry(value: unknown): value is RewrittenEntry {
  if (!hasKeys(value, "source", "size", "sha256")) return false;
  return isSha256(value.source) && isSize(value.size) && isSha256(value.sha256);
}

function isSize(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isSha256(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

/** Whether a value is an object with exactly these keys. */
function hasKeys<Key extends string>(value: unknown, ...keys: Key[]): value is Record<Key, unknown> {
  if (typeof value !== "object" || value === null) return false;
  return Object.keys(value).length === keys.length && keys.every((key) => Object.hasOwn(value, key));
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
