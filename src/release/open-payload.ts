/**
 * The site in an executable as a release. This runs between exec and the first answer, so what is small is read and
 * verified at once and kept in memory; what is large stays in the file and is verified when it is first used.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { createSha256, sha256Hex } from "../bytes/index.ts";
import type { SiteConfig } from "../config/index.ts";
import { EmendError } from "../errors.ts";
import { payloadEagerBytesMax } from "../limits.ts";
import { withIoErrors } from "./io-error.ts";
import {
  type Executable,
  type Payload,
  type PayloadFile,
  type PayloadRewritten,
  readPayload,
} from "./payload.ts";
import { type Release, type ReleaseFile, siteConfigName } from "./release.ts";

/** What an executable carries: its site, and the keys of its operator, which the data plane never sees. */
export type EmbeddedRelease = Release & Pick<Payload, "operatorKeys">;

/**
 * Opens the release that an executable carries. Its `file` must go on naming the same bytes as long as the release
 * is used. Throws `io`, `payload.truncated`, `payload.format`, `payload.hash` and `site.config`.
 */
export async function openPayload(
  executable: Executable,
  eagerBytesMax: number = payloadEagerBytesMax,
): Promise<EmbeddedRelease> {
  const payload = readPayload(executable);
  const files = new Map<string, ReleaseFile>();
  const rewritten = new Map(payload.rewritten.map((each) => [each.source, each]));
  let toml: string | undefined;
  let eagerBytes = 0;
  const descriptor = withIoErrors("read", executable.name, () => openSync(executable.file, "r"));
  try {
    for (const entry of payload.files) {
      const isConfig = entry.path === siteConfigName;
      if (!isConfig && eagerBytes + entry.size > eagerBytesMax) {
        files.set(entry.path, {
          ...lateFile(executable, entry),
          ...rewrittenOf(executable, entry, rewritten),
        });
        continue;
      }
      eagerBytes += entry.size;
      const bytes = readVerified(descriptor, executable, entry);
      if (isConfig) toml = Buffer.from(bytes).toString();
      const blob = new Blob([bytes]);
      files.set(entry.path, { ...listed(entry), blob, ...rewrittenOf(executable, entry, rewritten) });
    }
  } finally {
    closeSync(descriptor);
  }
  return {
    digest: payload.digest,
    config: payload.config ?? (await readConfig(toml, executable, files)),
    // A build that parsed the configuration compiled the modules as well, and this is the same build.
    modulesChecked: payload.config !== null,
    files,
    operatorKeys: payload.operatorKeys,
  };
}

/** Reads the bytes of every file of a payload and rejects with `payload.hash` at the first that is damaged. */
export async function verifyPayload(executable: Executable, entries: readonly PayloadFile[]): Promise<void> {
  for (const entry of entries) await verifyFile(executable, entry);
}

/** Loads the room of configuration only here: the embedded site's start does without it. */
async function readConfig(
  toml: string | undefined,
  { name }: Executable,
  files: ReadonlyMap<string, unknown>,
): Promise<SiteConfig> {
  const { defaultSiteConfig, parseSiteConfig } = await import("../config/index.ts");
  return toml === undefined
    ? defaultSiteConfig([...files.keys()])
    : parseSiteConfig(toml, `${name}:${siteConfigName}`);
}

function lateFile(executable: Executable, entry: PayloadFile): ReleaseFile {
  let verified: Promise<void> | undefined;
  const verify = (): Promise<void> => {
    verified ??= verifyFile(executable, entry);
    return verified;
  };
  return { ...listed(entry), blob: slice(executable, entry), verify };
}

/** What was made of a module is read when the module is first needed. */
function rewrittenOf(
  executable: Executable,
  { path, sha256 }: PayloadFile,
  modules: ReadonlyMap<string, PayloadRewritten>,
): Pick<ReleaseFile, "rewritten"> {
  const entry = modules.get(sha256);
  if (entry === undefined) return {};
  const read = (): Uint8Array<ArrayBuffer> => {
    const descriptor = withIoErrors("read", executable.name, () => openSync(executable.file, "r"));
    try {
      return readVerified(descriptor, executable, { ...entry, path: `form of ${path}` });
    } finally {
      closeSync(descriptor);
    }
  };
  return { rewritten: read };
}

async function verifyFile(executable: Executable, entry: PayloadFile): Promise<void> {
  const hash = createSha256();
  for await (const piece of slice(executable, entry).stream()) hash.update(piece);
  checkHash(executable, entry, hash.hex());
}

function readVerified(
  descriptor: number,
  executable: Executable,
  entry: PayloadFile,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(entry.size);
  // A short read leaves zeros, which the hash then refuses.
  withIoErrors("read", executable.name, () => readSync(descriptor, bytes, 0, entry.size, entry.offset));
  checkHash(executable, entry, sha256Hex(bytes));
  return bytes;
}

function checkHash({ name }: Executable, { path, sha256 }: PayloadFile, found: string): void {
  if (found === sha256) return;
  throw new EmendError(
    "payload.hash",
    `${name}: the embedded ${path} is damaged: expected SHA-256 ${sha256}, found ${found}`,
  );
}

function slice({ file }: Executable, { offset, size }: PayloadFile): Blob {
  return Bun.file(file).slice(offset, offset + size);
}

function listed({ path, size, sha256 }: PayloadFile): { path: string; size: number; sha256: string } {
  return { path, size, sha256 };
}
