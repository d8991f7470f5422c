/**
 * How long a response's body is, for its line in the log: a `Response` does not tell without being read. The
 * number is noted on the response itself, which is cheaper than any table beside it.
 */

const size = Symbol("bytes of the body");
type Sized = Response & { [size]?: number };

/** Notes the length. */
export function withBodySize(response: Response, bytes: number): Response {
  (response as Sized)[size] = bytes;
  return response;
}

/** The noted length, in bytes; 0 when nobody noted one. */
export function bodySizeOf(response: Response): number {
  return (response as Sized)[size] ?? 0;
}
