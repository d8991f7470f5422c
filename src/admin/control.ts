/**
 * What the admin API needs of the node behind it. The API knows HTTP, tokens and forms; whoever implements this knows
 * releases. What is refused is thrown as `EmendError`, whose code becomes the status.
 */
import type { EventHub } from "../events/index.ts";
import type { AuditEntry } from "./audit.ts";
import type { CanaryStatus, ReleaseSummary, SiteUpdateStatus } from "./site-update-status.ts";
import type { NodeStatus } from "./status.ts";
import type { UpdateResult } from "./update-result.ts";

/** A patch on its way in. */
export interface Upload {
  /**
   * Errors with `patch.too-large` over the node's `patch_max`, and with `patch.truncated` when the client makes no
   * progress or goes away. Cancelled when nobody wants more.
   */
  readonly body: ReadableStream<Uint8Array>;
  /** Its length, when the client said it. */
  readonly bytes: number | null;
}

/** Who asked, for the audit: `operator` or the name of a token. */
export interface ControlOptions {
  readonly actor: string;
}

/** How a patch is applied. */
export interface ApplyOptions extends ControlOptions {
  /** Everything but the commit. */
  readonly dryRun: boolean;
  /** The percentage of a canary; `default` is the site's own; null commits at once. */
  readonly canaryPercent: number | "default" | null;
  /** Take a release again that was rolled back from. */
  readonly insist: boolean;
}

/** Where a rollback goes. */
export interface RollbackOptions extends ControlOptions {
  /** Content digest, `sha256:…`; null is the release before. */
  readonly release: string | null;
  readonly insist: boolean;
}

/** A file of a release. */
export interface ReleaseFile {
  readonly path: string;
  readonly size: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** The updates of one site. */
export interface SiteControl {
  readonly site: string;
  readonly apply: (upload: Upload, options: ApplyOptions) => Promise<UpdateResult>;
  readonly rollback: (options: RollbackOptions) => Promise<UpdateResult>;
  /** Throws `canary.none`. */
  readonly canary: (verdict: "promote" | "abort", options: ControlOptions) => Promise<CanaryStatus>;
  /** Lets older sequences in again. */
  readonly lowerFloor: (to: number, options: ControlOptions) => Promise<void>;
  readonly status: () => SiteUpdateStatus;
  readonly releases: () => readonly ReleaseSummary[];
  /** The files of a kept release, `sha256:…`. Throws `release.unknown`. */
  readonly files: (release: string) => Promise<readonly ReleaseFile[]>;
  /** A file of a kept release by its SHA-256. Throws `release.unknown`. */
  readonly blob: (sha256: string) => Promise<Blob>;
}

/** A running node. */
export interface NodeControl {
  readonly status: () => NodeStatus;
  readonly sites: () => readonly string[];
  readonly site: (name: string) => SiteControl | undefined;
  /** Reads a module, or all of what is served from a directory, again. */
  readonly reload: (module: string | null, options: ControlOptions) => Promise<{ readonly checksum: string }>;
  readonly events: EventHub;
  /** Newest first; of one site, or with null everything, the node's own entries too. */
  readonly audits: (selection: {
    readonly site: string | null;
    readonly limit: number;
  }) => Promise<readonly AuditEntry[]>;
}
