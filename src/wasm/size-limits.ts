/** How small and how large a memory or table may be (core spec §5.3.9, "limits"). */
import { type Cursor, DecodeError } from "../bytes/index.ts";

/** Units are pages of 64 KiB for memories and entries for tables. */
export interface Limits {
  readonly min: number;
  readonly max: number | undefined;
  readonly shared: boolean;
  readonly wide: boolean;
}

/** Reads limits. @throws DecodeError for flags that emend does not know. */
export function readLimits(cursor: Cursor): Limits {
  const start = cursor.offset;
  const flags = cursor.u8();
  if (flags > 0x07) throw new DecodeError(start, `unknown limits 0x${flags.toString(16)}`);
  const [hasMax, shared, wide] = [(flags & 1) !== 0, (flags & 2) !== 0, (flags & 4) !== 0];
  if (wide) {
    // 64-bit limits do not fit a number; emend refuses such memories by name, so the sizes are not needed.
    cursor.skipLeb(10);
    if (hasMax) cursor.skipLeb(10);
    return { min: 0, max: undefined, shared, wide };
  }
  const min = cursor.u32();
  return { min, max: hasMax ? cursor.u32() : undefined, shared, wide };
}
