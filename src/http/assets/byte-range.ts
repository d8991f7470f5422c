/** The Range field (RFC 9110 §14.1.2, §14.2), as far as one range goes. */

/** `start` and `end` as in Blob.slice: `end` is not part of the range. */
export type ByteRange = { readonly start: number; readonly end: number };

const oneRange = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i;

/**
 * The range of a representation of `size` bytes that a field value asks for. `undefined`: to be ignored, because it
 * is malformed, in another unit, or asks for several ranges at once (a server may ignore those, §14.2, and the
 * whole is a correct answer to them). `"unsatisfiable"`: it lies behind the end.
 */
export function parseRange(fieldValue: string, size: number): ByteRange | "unsatisfiable" | undefined {
  const match = oneRange.exec(fieldValue);
  if (match === null) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "") {
    if (last === "") return undefined;
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size };
  }
  const start = Number(first);
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  if (last !== "" && Number(last) < start) return undefined;
  return start >= size ? "unsatisfiable" : { start, end };
}
