/** What is known of a request's body before its guest runs (RFC 3875 §4.1.2: CONTENT_LENGTH). */
import { chunkedBodyBytesMax } from "../../limits.ts";

/** A reader of chunks, as `body.getReader()` gives. */
export interface BodyReader {
  read(): Promise<{ done: false; value: Uint8Array } | { done: true; value?: undefined }>;
  cancel(): Promise<void>;
}

export interface RequestBody {
  /** Undefined when there is no body. */
  readonly reader: BodyReader | undefined;
  /** What was read from `reader` already. */
  readonly collected: Uint8Array;
  /** Decimal, "0" without a body, "" when it is not known. */
  readonly contentLength: string;
}

/** A body that is refused, with the status that says so. */
export interface RefusedBody {
  readonly status: 400 | 411 | 413 | 504;
  readonly reason: string;
}

export interface BodyRules {
  readonly bodyMaxBytes: number;
  /** Whether a chunked body may be longer than what is collected of it. */
  readonly chunked: boolean;
  readonly timeoutMs: number;
}

const none: RequestBody = { reader: undefined, collected: new Uint8Array(0), contentLength: "0" };

/**
 * Opens a request's body. One with a length is not touched; a chunked one is collected up to 1 MiB, since
 * many CGI programs read nothing without a CONTENT_LENGTH.
 */
export function openBody(
  request: Request,
  rules: BodyRules,
): RequestBody | RefusedBody | Promise<RequestBody | RefusedBody> {
  // GET and HEAD first: asking Bun for a body makes a stream, and these have none to ask for.
  if (request.method === "GET" || request.method === "HEAD" || request.body === null) return none;
  const length = request.headers.get("content-length");
  if (length === null) return collectChunked(request.body.getReader() as BodyReader, rules);
  const bytes = Number(length);
  if (bytes > rules.bodyMaxBytes) {
    return { status: 413, reason: `a body of ${bytes} bytes, at most ${rules.bodyMaxBytes} are allowed` };
  }
  return bytes === 0
    ? none
    : { ...none, reader: request.body.getReader() as BodyReader, contentLength: String(bytes) };
}

async function collectChunked(reader: BodyReader, rules: BodyRules): Promise<RequestBody | RefusedBody> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    reader.cancel().catch(() => undefined);
  }, rules.timeoutMs);
  try {
    while (total <= chunkedBodyBytesMax) {
      const { done, value } = await reader.read();
      if (late) return { status: 504, reason: `a chunked body that took over ${rules.timeoutMs} ms` };
      if (done) return { reader, collected: Buffer.concat(chunks), contentLength: String(total) };
      chunks.push(value);
      total += value.length;
      if (total > rules.bodyMaxBytes) {
        return { status: 413, reason: `a chunked body over ${rules.bodyMaxBytes} bytes` };
      }
    }
  } catch {
    return { status: 400, reason: "the request's body broke off" };
  } finally {
    clearTimeout(timer);
  }
  if (rules.chunked) return { reader, collected: Buffer.concat(chunks), contentLength: "" };
  return { status: 411, reason: `a chunked body over ${chunkedBodyBytesMax} bytes` };
}
