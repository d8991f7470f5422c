/** One request on its way through the data plane: what came in, and what is noted for its line in the log. */
import type { GuestFailure } from "../log/index.ts";
import type { Tally } from "./admission/index.ts";
import type { RequestTarget } from "./request-target.ts";

export interface Call {
  readonly request: Request;
  /** Whether emend itself asks, before a release is committed. */
  readonly isProbe: boolean;
  readonly target: RequestTarget;
  /** The client's address without a port. Asking costs, so only those who need it do. */
  address(): string;
  /** Takes the connection's own idle limit away: the handler has limits that know what it waits for. */
  keepOpen(): void;
  /** `performance.now()` at its arrival. */
  readonly startedMs: number;
  /** Pattern of the route that answers, null for an asset. */
  route: string | null;
  /** How long a guest ran, without what it waited. */
  guestMs: number | undefined;
  /** Bytes of the body that went out. */
  bytes: number;
  /** Bytes of its own body that a guest took. */
  bytesIn: number;
  /** Where its route counts; null for an asset. */
  tally: Tally | null;
  /** Whether its release is to blame that it failed; undefined where the status says so. */
  blame: boolean | undefined;
  /** What the breaker of its route knows it by. */
  ticket: number;
  /** Whether its guest failed, or was ended by a limit. */
  failure: GuestFailure | undefined;
  /** Why it failed, for the log. */
  reason: string | undefined;
  /** Set when the body goes on after the response was made: the handler calls `ended` when it is over. */
  streams: boolean;
  /** A path on this site that answers instead (RFC 3875 §6.2.2). */
  localRedirect: string | undefined;
  /** Called once by a handler whose response streams. */
  ended(): void;
}
