/**
 * The two ways emend itself fails: refused input (`EmendError`, a closed code and a sentence for the
 * person who sent it) and our own bugs (`invariant`). Guests' mistakes are errnos, never throws.
 */

/** Codes that name what was wrong with an input. Closed per version: an addition goes into the changelog. */
export type ErrorCode =
  // modules
  | "module.invalid"
  | "module.import"
  | "module.limit"
  // guests at work
  | "guest.memory"
  // configuration, sites and releases
  | "site.config"
  | "site.limit"
  | "site.unknown"
  | "node.config"
  | "release.changed"
  | "release.unknown"
  | "release.bad"
  // patches, in the order of release-and-patch
  | "patch.truncated"
  | "patch.format"
  | "patch.path"
  | "patch.hash"
  | "patch.signature"
  | "patch.unknown-key"
  | "patch.threshold"
  | "patch.wrong-site"
  | "patch.wrong-recipient"
  | "patch.expired"
  | "patch.replayed"
  | "patch.sequence"
  | "patch.wrong-base"
  | "patch.too-large"
  // keys of publishers
  | "key.format"
  | "key.passphrase"
  // the update of a running node, and what it keeps on disk
  | "probe.failed"
  | "canary.none"
  | "busy"
  | "update.failed"
  | "store.full"
  | "store.failed"
  // executables and their payload
  | "payload.truncated"
  | "payload.format"
  | "payload.hash"
  // deltas
  | "delta.format"
  | "delta.truncated"
  | "delta.bounds"
  | "delta.bomb"
  | "delta.source-hash"
  | "delta.result-hash"
  | "delta.budget"
  // the command line and the machine it runs on
  | "usage"
  | "io"
  | "confine"
  | "listen"
  // the admin listener
  | "auth.token"
  | "auth.role"
  | "auth.host"
  | "auth.origin"
  | "request.malformed"
  | "request.path"
  | "request.method"
  | "request.too-large";

/** Input that emend refuses. `code` is for machines, `message` names what was expected and what was found. */
export class EmendError extends Error {
  override readonly name = "EmendError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Stops the program when one of its own assumptions is false. Never for input. */
export function invariant(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`invariant violated: ${what}`);
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
