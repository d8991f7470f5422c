/** Sizes: a number of bytes, or a text such as "10 MiB". Units are binary ones only, since "MB" has two meanings. */
import * as v from "valibot";

const expected = 'bytes as an integer, or a text such as "10 MiB" (B, KiB, MiB, GiB)';
const pattern = /^([0-9]{1,10}) ?(B|KiB|MiB|GiB)$/;
const unitBytes: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** A size in bytes from either form, at most 2^53 − 1. */
export function byteSize(): v.GenericSchema<unknown, number> {
  return v.pipe(
    v.union(
      [
        v.pipe(v.number(expected), v.integer(expected), v.minValue(0, expected)),
        v.pipe(v.string(expected), v.regex(pattern, expected)),
      ],
      expected,
    ),
    v.check((size) => Number.isSafeInteger(toBytes(size)), "at most 2^53 - 1 bytes"),
    v.transform(toBytes),
  );
}

function toBytes(size: string | number): number {
  if (typeof size === "number") return size;
  const [, digits, unit] = pattern.exec(size) ?? [];
  return digits === undefined ? 0 : Number(digits) * (unitBytes[unit!] ?? 1);
}
