/**
 * What calls cost their guest. One unit is about a nanosecond of host time, measured on a server core over files
 * in memory: what matters is that work which grows with the guest's arguments is paid for in proportion, so
 * constants may be several times too high and are never much too low. A call adds up what it did, whether it
 * succeeds or not; nothing here limits it.
 */
export const cost = {
  /** Any call: checks, one descriptor, a few words of guest memory. */
  call: 50,
  /** Each buffer of a list of buffers. */
  vector: 50,
  /** Each read, write or other operation on an open file, apart from the bytes: a disk needs a thread for it. */
  fileOperation: 1000,
  /** Each path that is resolved. */
  path: 1000,
  /** Each byte of a path: decoding it, and a look-up for every other one at the worst. */
  pathByte: 30,
  /** Each name that a directory is asked for, and again when it is written to the guest. */
  entry: 400,
  /** Each subscription of poll_oneoff, each time that it is looked at. */
  subscription: 300,
  /** Each random byte. */
  randomByte: 1,
} as const;

/** Bytes copied: 8 a unit, as a core copies memory that is not in its caches. */
export function copyCost(bytes: number): number {
  return bytes >>> 3;
}
