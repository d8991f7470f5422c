/** One subscription of poll_oneoff. */

/** `$eventtype`. */
export const eventType = { clock: 0, fdRead: 1, fdWrite: 2 } as const;

/** What a guest waits for, as read from its memory when the call began. One shape for all, which is read quickest. */
export interface Subscription {
  /** What the guest wants back in the event: a u64 in its halves, as nothing is done with it. */
  readonly userdataLow: number;
  readonly userdataHigh: number;
  /** One of `eventType`, or what the guest took for one. */
  readonly type: number;
  /** A clock, or a descriptor. */
  readonly id: number;
  /** For a clock: when. */
  readonly dueNs: number;
  /** Not 0: it can only be answered with this error. */
  readonly error: number;
}
