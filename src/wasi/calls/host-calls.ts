/**
 * The shape of a host call: integers in, an errno out. An i64 parameter arrives as two numbers, low and
 * high half, so that no BigInt is made on the way. The answer `wouldBlock` is negative
 * and never reaches the guest.
 */
export type HostCall = (...args: number[]) => number;

/** Some calls by their preview 1 names. */
export type HostCalls = Readonly<Record<string, HostCall>>;
