/** What the data plane is handed: one immutable version of a site, by content. It sees nothing else of this room. */

import type { ListedFile } from "../bytes/index.ts";
import type { SiteConfig } from "../config/index.ts";

/** The name of a site's own configuration, inside the site. */
export const siteConfigName = "site.toml";

/** A file of a release with its bytes. */
export type ReleaseFile = ListedFile & {
  readonly blob: Blob;
  /** For bytes that somebody else may write to: false when the file is no longer the one that was hashed. */
  readonly unchanged?: () => boolean;
  /** For bytes that were not hashed yet: rejects with `payload.hash` when they are not those of `sha256`. */
  readonly verify?: () => Promise<void>;
  /** For a module in an executable of this very build: what was made of it when it was written. Throws `payload.hash`. */
  readonly rewritten?: () => Uint8Array<ArrayBuffer>;
};

/** A release; `files` by path, in the order of the content digest. */
export type Release = {
  /** The content digest, `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  readonly config: SiteConfig;
  /** Whether its modules were compiled once already by an emend of this very build. */
  readonly modulesChecked?: boolean;
  readonly files: ReadonlyMap<string, ReleaseFile>;
};
