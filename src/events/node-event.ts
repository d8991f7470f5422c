/**
 * What happens on a node that somebody outside may want to know: updates and their verdicts, and guests that fail.
 * The fields are those of the JSON that `GET /v1/events` sends, so they are part of emend's outside.
 */

/** A release was verified, made ready and answered its probes; it does not answer requests yet. */
export interface StagedEvent {
  readonly event: "staged";
  readonly site: string;
  /** Content digests, `sha256:…`. */
  readonly from: string;
  readonly to: string;
  readonly sequence: number;
  readonly actor: string;
}

/** A release answers from now on. */
export interface CommittedEvent {
  readonly event: "committed";
  readonly site: string;
  readonly from: string;
  readonly to: string;
  readonly sequence: number;
  readonly generation: number;
  readonly actor: string;
}

/** An update was refused; the running release goes on. */
export interface RefusedEvent {
  readonly event: "refused";
  readonly site: string;
  /** An error code, such as `patch.signature`: it names the kind of attack or mistake. */
  readonly code: string;
  readonly message: string;
  readonly actor: string;
}

/** An earlier release answers again. */
export interface RolledBackEvent {
  readonly event: "rolled-back";
  readonly site: string;
  readonly from: string;
  readonly to: string;
  readonly generation: number;
  readonly reason: string;
  /** `node` when nobody asked for it. */
  readonly actor: string;
}

/** A release answers a part of the requests beside the one before. */
export interface CanaryStartedEvent {
  readonly event: "canary-started";
  readonly site: string;
  readonly from: string;
  readonly to: string;
  readonly sequence: number;
  readonly percent: number;
  readonly actor: string;
}

/** A canary ended: its release answers everything, or nothing. */
export interface CanaryEndedEvent {
  readonly event: "canary-promoted" | "canary-aborted";
  readonly site: string;
  readonly from: string;
  readonly to: string;
  readonly generation: number;
  readonly reason: string;
  readonly actor: string;
}

/** A guest trapped or broke the protocol (`trap`), or was ended by a limit (`limit`). */
export interface GuestFailedEvent {
  readonly event: "trap" | "limit";
  readonly site: string;
  readonly route: string;
  /** First 12 hexadecimal digits of the content digest that answered. */
  readonly release: string | null;
  readonly status: number;
  /** Why, with the end of the guest's stderr. */
  readonly reason: string;
  /** Events like this one that were left out since the last, because there were too many. */
  readonly leftOut: number;
}

/** The circuit breaker of a route changed its state. */
export interface BreakerEvent {
  readonly event: "breaker";
  readonly site: string;
  readonly route: string;
  readonly state: "closed" | "open" | "half-open";
  readonly reason: string;
}

/** A module or directory was read again on request. */
export interface ReloadedEvent {
  readonly event: "reloaded";
  readonly site: string;
  readonly checksum: string;
  readonly generation: number;
  readonly actor: string;
}

/** What is told to the hub. */
export type NodeEventBody =
  | StagedEvent
  | CommittedEvent
  | RefusedEvent
  | RolledBackEvent
  | CanaryStartedEvent
  | CanaryEndedEvent
  | GuestFailedEvent
  | BreakerEvent
  | ReloadedEvent;

/** What listeners hear. Ids of one stream count up by one: a jump says that events were missed. */
export type NodeEvent = NodeEventBody & {
  readonly id: number;
  /** RFC 3339. */
  readonly at: string;
};
