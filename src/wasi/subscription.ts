/** One subscription of poll_oneoff. */

/** `$eventtype`. */
export const eventType = { clock: 0, fdRead: 1, fdWrite: 2 } as const;

interface Clock {
  readonly type: typeof eventType.clock;
  readonly userdata: bigint;
  readonly id: number;
  readonly dueNs: bigint;
}

interface Stream {
  readonly type: typeof eventType.fdRead | typeof eventType.fdWrite;
  readonly userdata: bigint;
  readonly fd: number;
}

/** A subscription that can only be answered with an error. */
interface Failed {
  readonly type: number;
  readonly userdata: bigint;
  readonly error: number;
}

/** What a guest waits for, as read from its memory when the call began. */
export type Subscription = Clock | Stream | Failed;
