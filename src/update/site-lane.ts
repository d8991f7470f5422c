/** What updates need of the thread that answers a site's requests. Whoever wires the node gives them that. */
import type { CompiledModule } from "../guest/index.ts";
import type { Release } from "../release/index.ts";
import type { FailureCount, Health } from "./verdict.ts";

/** A release that could answer, does, or did. */
export interface ReadyRelease {
  /** What was counted since it was committed or put on trial, while somebody observed. */
  health(): ReadyHealth;
  /** Of the last thousands of requests, which are always counted. */
  recentFailures(): FailureCount;
}

export interface ReadyHealth extends Health {
  readonly p50Ms: number;
}

export interface CanaryShare {
  readonly percent: number;
  /** What clients are told apart with: kept, so that a restart changes nobody's release. */
  readonly key: Uint8Array;
  /** Whether a cookie says which release a client gets, and not its address. */
  readonly cookie: boolean;
}

export interface SiteLane<Ready extends ReadyRelease> {
  /** `compiled` by SHA-256: what is not among them is compiled when it is needed. Throws `module.*`, `site.*`. */
  prepare(release: Release, compiled: ReadonlyMap<string, CompiledModule>): Promise<Ready>;
  /** Asks each route that has a probe. Throws `probe.failed`. */
  probe(ready: Ready): Promise<void>;
  /** The next request is answered by it. Returns the one before, standing by. */
  commit(ready: Ready): Ready;
  /** It is not going to answer; what of it answers still may finish. */
  discard(ready: Ready): void;
  startCanary(ready: Ready, share: CanaryShare): void;
  /** Requests come to it no more. */
  endCanary(): void;
  /** Has `look` called after requests. */
  observe(look: () => void): Disposable;
}
