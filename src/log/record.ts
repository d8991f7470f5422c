/**
 * Everything that can be logged, as one discriminated union. The names of the fields are those of the JSON
 * lines, so they are part of emend's outside: adding one is fine, renaming one is a change of contract.
 */

/** The ready line: the first line of a node, once every listener answers. */
export interface ListeningRecord {
  readonly event: "listening";
  /** Base URL of the data plane. */
  readonly addr: string;
  /** Base URL of the admin listener, null when it is off. */
  readonly admin: string | null;
  readonly node: string;
  readonly sites: readonly SiteLine[];
  /** From the start of the process to the first possible answer. */
  readonly startMs: number;
}

/** What a site answers with at start. */
export interface SiteLine {
  readonly site: string;
  /** Content digest, `sha256:…`. */
  readonly release: string;
  readonly sequence: number;
}

/** How a guest can fail a request. */
export type GuestFailure = "trap" | "limit";

/** One answered request. */
export interface RequestRecord {
  readonly event: "request";
  /** Null when no site has the request's host. */
  readonly site: string | null;
  /** The route's pattern; null for an asset or when nothing matched. */
  readonly route: string | null;
  /** First 12 hex digits of the content digest that answered. */
  readonly release: string | null;
  readonly method: string;
  /** The path as requested. A query is cut off by the logger: people put tokens there. */
  readonly path: string;
  readonly status: number;
  /** Bytes of the response's body. */
  readonly bytes: number;
  /** From the request's arrival to the last byte handed to the socket. */
  readonly ms: number;
  /** The part of it that a guest ran. */
  readonly guestMs?: number;
  /** Whether its guest failed (a trap, a broken protocol) or was ended by a limit. */
  readonly failure?: GuestFailure;
  /** Why it failed, with the end of the guest's stderr. */
  readonly reason?: string;
  /** Request headers worth a place in the line. Secret ones are masked by the logger. */
  readonly headers?: Headers;
}

/** One line that a guest wrote on stderr. */
export interface GuestRecord {
  readonly event: "guest";
  readonly site: string;
  readonly route: string;
  readonly text: string;
}

/** Something a person should look at. */
export interface ProblemRecord {
  readonly event: "problem";
  readonly level: "warning" | "error";
  /** An error code, or a code of the same shape. */
  readonly code: string;
  readonly message: string;
  readonly site?: string;
  readonly route?: string;
}

/** A site's release changed. */
export interface ReleaseRecord {
  readonly event: "release";
  readonly site: string;
  /** Content digests, `sha256:…`. */
  readonly from: string | null;
  readonly to: string;
  readonly sequence: number;
  readonly generation: number;
}

/** The circuit breaker of a route changed its state. */
export interface BreakerRecord {
  readonly event: "breaker";
  readonly site: string;
  readonly route: string;
  /** "open": requests get 503; "half-open": one at a time tries whether the guest works again. */
  readonly state: "closed" | "open" | "half-open";
  readonly reason: string;
}

/** The node stops accepting and finishes what is in flight. */
export interface StoppingRecord {
  readonly event: "stopping";
  /** What asked for it, such as `SIGTERM`. */
  readonly cause: string;
  /** Requests still in flight. */
  readonly requests: number;
}

/** Lines that a bound kept out: written by the logger itself. */
export interface LeftOutRecord {
  readonly event: "left-out";
  /** Which lines: those of answered or of failed requests, of one route's guests, of problems, or any (slow reader). */
  readonly of: "request" | "failure" | "guest" | "problem" | "output";
  readonly lines: number;
  readonly site?: string;
  readonly route?: string;
}

/** What `Logger.log` takes: the node's own doings. */
export type NodeRecord = ListeningRecord | ProblemRecord | ReleaseRecord | BreakerRecord | StoppingRecord;

/** Any line of the log. */
export type LogRecord = NodeRecord | RequestRecord | GuestRecord | LeftOutRecord;
