/**
 * The files of a release out of the payloads of a patch: each is inflated or patched within the bounds that the
 * manifest states, and compared with its digest. Whatever is wrong refuses the whole.
 */
import { sha256Hex } from "../bytes/index.ts";
import { defaultSiteConfig, parseSiteConfig, type SiteConfig } from "../config/index.ts";
import { applyDelta, decodeFull } from "../delta/index.ts";
import { EmendError, invariant } from "../errors.ts";
import { patchMadeBytesMax } from "../limits.ts";
import type { ListedFile } from "../release/index.ts";
import { siteConfigName } from "../release/index.ts";
import type { CarriedFile, ManifestFile } from "../trust/index.ts";
import type { SourceTicket } from "./incoming-patch.ts";
import { type Loan, Scratch } from "./scratch.ts";
import { type BlobTicket, dropTickets, lendBlob, takeBlob } from "./shared-blob.ts";

/** What came out: the contents that the node did not hold before, each once, and the release's configuration. */
export interface MadeFiles {
  /** All files of the release. */
  readonly files: readonly ListedFile[];
  readonly made: readonly MadeFile[];
  readonly config: SiteConfig;
  /** How long the digests of payloads took, and everything else, milliseconds. */
  readonly verifyMs: number;
  readonly applyMs: number;
}

export interface MadeFile {
  readonly sha256: string;
  readonly ticket: BlobTicket;
}

type Payload = { readonly file: CarriedFile; readonly payload: Uint8Array };
type Sources = ReadonlyMap<string, SourceTicket>;

/** Throws `patch.*` as `payloads` does, `delta.*`, `site.config`. Takes all of `sources`, whatever happens. */
export async function makeFiles(
  files: readonly ManifestFile[],
  payloads: Iterable<Payload>,
  sources: Sources,
  scratch: Scratch = new Scratch(),
): Promise<MadeFiles> {
  const held = new Sourcing(sources);
  const made = new Map<string, BlobTicket>();
  const startMs = performance.now();
  let makingMs = 0;
  try {
    checkSizes(files);
    for (const { file, payload } of payloads) {
      const makingFrom = performance.now();
      using loan = scratch.lend();
      const isConfig = file.path === siteConfigName;
      const bytes = await makeFile(file, payload, held, isConfig ? undefined : loan.allocate);
      if (!made.has(file.sha256)) made.set(file.sha256, lendBlob(new Blob([bytes])));
      if (isConfig) held.configBytes = bytes;
      makingMs += performance.now() - makingFrom;
    }
    const config = await readConfig(files, () => held.readConfig(files));
    const verifyMs = performance.now() - startMs - makingMs;
    return {
      files: files.map(({ path, size, sha256 }) => ({ path, size, sha256 })),
      made: [...made].map(([sha256, ticket]) => ({ sha256, ticket })),
      config,
      verifyMs,
      applyMs: makingMs,
    };
  } catch (error) {
    dropTickets(made.values());
    throw error;
  }
}

/** What the files are made from, taken from the other thread. */
class Sourcing {
  readonly #blobs: ReadonlyMap<string, { readonly blob: Blob; readonly known: boolean }>;
  configBytes: Uint8Array | undefined;

  constructor(sources: Sources) {
    this.#blobs = new Map(
      [...sources].map(([sha256, { ticket, known }]) => [sha256, { blob: takeBlob(ticket), known }]),
    );
  }

  /** The bytes of site.toml, made or held. */
  async readConfig(files: readonly ManifestFile[]): Promise<Uint8Array | undefined> {
    const sha256 = files.find(({ path }) => path === siteConfigName)?.sha256;
    return this.configBytes ?? (sha256 === undefined ? undefined : await this.read(sha256));
  }

  /** Bytes that have this digest. Throws `delta.source-hash` when those that the node has do not any more. */
  async read(sha256: string): Promise<Uint8Array> {
    const source = this.#blobs.get(sha256);
    invariant(source !== undefined, "the serving thread sends what the head asked for");
    const bytes = await readBytes(source.blob);
    if (source.known) return bytes;
    const found = sha256Hex(bytes);
    if (found === sha256) return bytes;
    throw new EmendError(
      "delta.source-hash",
      `the source ${sha256} is damaged on this node or was changed: its bytes have SHA-256 ${found}`,
    );
  }
}

async function readBytes(blob: Blob): Promise<Uint8Array> {
  try {
    return await blob.bytes();
  } catch {
    // It was in a file, and the file is gone: nothing has a digest.
    return new Uint8Array();
  }
}

function checkSizes(files: readonly ManifestFile[]): void {
  const bytes = files.reduce((sum, { op, size }) => (op === "keep" ? sum : sum + size), 0);
  if (bytes <= patchMadeBytesMax) return;
  throw new EmendError("delta.bomb", `the patch makes ${bytes} bytes, expected at most ${patchMadeBytesMax}`);
}

async function makeFile(
  file: CarriedFile,
  payload: Uint8Array,
  sources: Sourcing,
  allocate: Loan["allocate"] | undefined,
): Promise<Uint8Array> {
  const { path, size, sha256 } = file;
  try {
    if (file.op === "delta") {
      const { format, target } = await applyDelta(await sources.read(file.source), payload, {
        knownSourceSha256: file.source,
        sourceSha256: file.source,
        sha256,
        size,
        targetBytesMax: size,
        ...(allocate === undefined ? {} : { allocate }),
      });
      if (format === file.method) return target;
      throw new EmendError("delta.format", `expected a delta of the format ${file.method}, found ${format}`);
    }
    const bytes = decodeFull(file.method, payload, size);
    const found = sha256Hex(bytes);
    if (found === sha256) return bytes;
    throw new EmendError("patch.hash", `SHA-256 is ${found}, expected ${sha256}`);
  } catch (error) {
    if (!(error instanceof EmendError)) throw error;
    throw new EmendError(error.code, `${path}: ${error.message}`, { cause: error });
  }
}

/** The configuration of a release, out of its site.toml where it has one. Throws `site.config`. */
export async function readConfig(
  files: readonly { readonly path: string }[],
  read: () => Promise<Uint8Array | undefined>,
): Promise<SiteConfig> {
  const bytes = files.some(({ path }) => path === siteConfigName) ? await read() : undefined;
  return bytes === undefined
    ? defaultSiteConfig(files.map(({ path }) => path))
    : parseSiteConfig(new TextDecoder().decode(bytes), siteConfigName);
}
