/** i64 parameters, which arrive as two numbers: the low and the high half. */

/** An unsigned value; inexact from 2^53 on, where every caller refuses it. */
export function unsigned64(low: number, high: number): number {
  return (high >>> 0) * 2 ** 32 + (low >>> 0);
}

/** A signed value; inexact beyond 2^53 either way. */
export function signed64(low: number, high: number): number {
  return (high | 0) * 2 ** 32 + (low >>> 0);
}

/** An unsigned value, exact. */
export function unsignedBig64(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
