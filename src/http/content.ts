/** What the data plane is handed: one immutable version of a site. Where it came from is not known here. */
import type { SiteConfig } from "../config/index.ts";

/** One file of a site. `blob` may be in memory or lie in a file; `sha256` (64 hexadecimal digits) names its bytes. */
export type SiteFile = {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
  readonly blob: Blob;
  /** For bytes that somebody else may write to: false when the file is no longer the one that was hashed. */
  readonly unchanged?: () => boolean;
  /** For bytes that were not hashed yet: rejects when they are not those of `sha256`. */
  readonly verify?: () => Promise<void>;
  /** For a module that was rewritten before: what came of it (guest/rewritten-module.ts). */
  readonly rewritten?: () => Uint8Array<ArrayBuffer>;
};

/** A site's content; `files` by path. */
export type SiteContent = {
  /** The content digest, `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  readonly config: SiteConfig;
  /** Whether its modules are known to compile, so that they need not be before they are asked for. */
  readonly modulesChecked?: boolean;
  readonly files: ReadonlyMap<string, SiteFile>;
};

/** Whether the bytes are in memory and nobody can change them, so that they need no check and no copy. */
export function isResident(file: SiteFile): boolean {
  return file.unchanged === undefined && file.verify === undefined;
}
