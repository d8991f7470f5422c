/** One subscription of poll_oneoff. */

/** `$eventtype`. */
export const eventType = { clock: 0, fdRead: 1, fdWrite: 2 } as const;

/**
 * What a guest waits for, as read from its memory when the call began. One shape for all, which is read quickest, and
 * mutable, as a host's calls use the same ones again: one is under way at a time.
 */
export interface Subscription {
  /** What the guest wants back in the event: a u64 in its halves, as nothing is done with it. */
  userdataLow: number;
  userdataHigh: number;
  /** One of `eventType`, or what the guest took for one. */
  type: number;
  /** A clock, or a descriptor. */
  id: number;
  /** For a clock: when. */
  dueNs: number;
  /** Not 0: it can only be answered with this error. */
  error: number;
}
