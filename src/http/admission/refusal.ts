/** Why a request is not let in, and what its client is told. */

export interface Refusal {
  /** 400: nobody is there any more to be told. */
  readonly status: 400 | 429 | 503;
  /** Whole seconds for Retry-After; undefined when trying again is not what would help. */
  readonly retryAfterS: number | undefined;
  /** For the log. */
  readonly reason: string;
  /** Whether the release is to blame, which broke, and not those who ask for more than there is. */
  readonly blame: boolean;
}

/** A refusal that tells when trying again makes sense: rounded up, at least a second. */
export function refusal(status: 429 | 503, reason: string, waitMs: number, blame = false): Refusal {
  return { status, retryAfterS: Math.max(1, Math.ceil(waitMs / 1000)), reason, blame };
}

/** The client went away while it waited. */
export const clientGone: Refusal = {
  status: 400,
  retryAfterS: undefined,
  reason: "the client went away while it waited for a guest",
  blame: false,
};

/** The fields of an answer that tells so. */
export function refusalHeaders(refused: Refusal): Readonly<Record<string, string>> {
  return refused.retryAfterS === undefined ? {} : { "retry-after": String(refused.retryAfterS) };
}
