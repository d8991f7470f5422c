/**
 * The two ends that a guest's stdio is connected to. Neither ever blocks the thread: what cannot go on
 * answers `wouldBlock`, and `wait` tells when it is worth another try. A wake may be spurious.
 */

/** Returned by streams and host calls that cannot go on yet. */
export const wouldBlock = -1;

/** Returned by streams that fail: when nobody will ever read again, when the disk behind them is full. */
export const closed = -2;

interface Stream {
  /** The errno of what has just answered `closed`; EPIPE of an output and EIO of an input where it is undefined. */
  readonly failure?: number | undefined;
  /** A terminal is a character device to the guest, whose stdio then goes line by line. */
  readonly isTerminal?: boolean;
}

/** Where a guest reads from. `into` is guest memory: a view of the part that is meant would take longer than most reads. */
export interface Input extends Stream {
  /** Fills `into` from `start` to `end` as far as bytes are there: the count, 0 at the end, `wouldBlock`, or `closed`. */
  read(into: Uint8Array, start: number, end: number): number;
  /** How many bytes can be read now; at the end 0 and `ready()` is true. */
  available(): number;
  /** Whether `read` would answer at once. */
  ready(): boolean;
  wait(wake: () => void): void;
}

/** Where a guest writes to. `bytes` is guest memory: what is kept must be copied. */
export interface Output extends Stream {
  /**
   * Whether writes wait even on a descriptor that is non-blocking. Go's runtime makes its stderr so, and an EAGAIN
   * while it prints a panic ends it in an endless recursion.
   */
  readonly alwaysWaits?: boolean;
  /** Takes bytes from `start` on, at most up to `end`: the count, `wouldBlock`, or `closed`. */
  write(bytes: Uint8Array, start: number, end: number): number;
  ready(): boolean;
  wait(wake: () => void): void;
}

/** An input that is at its end. */
export const emptyInput: Input = {
  read: () => 0,
  available: () => 0,
  ready: () => true,
  wait: (wake) => wake(),
};

/** An output that takes everything and keeps nothing. */
export const discardOutput: Output = {
  write: (_bytes, start, end) => end - start,
  ready: () => true,
  wait: (wake) => wake(),
};
