/**
 * The last few header blocks of a route and what they came to. Most guests write the same block again and
 * again; parsing it is a pure function of its bytes, so the answer can be kept. Bytes are compared with bytes: making
 * a string to look up would take longer than all else here.
 */
import { type BadHead, parseResponseHead, type ResponseHead } from "./response-head.ts";

/** A head that can go out, with the headers of the response made from it. */
export interface ReadyHead {
  readonly head: ResponseHead;
  /** Not to be changed: responses are made from it again and again. */
  readonly headers: Headers;
}

/** A head that was parsed before. */
export interface KnownHead extends ReadyHead {
  /** Its block as the guest wrote it, the empty line included. */
  readonly bytes: Uint8Array;
}

/** Blocks that are kept, and the longest of them. */
const [entriesMax, blockBytesMax] = [8, 1024];

export class HeadCache {
  readonly #extra: Readonly<Record<string, string>>;
  readonly #entries: KnownHead[] = [];

  /** `extra` goes on every response and wins over what the guest wrote. */
  constructor(extra: Readonly<Record<string, string>>) {
    this.#extra = extra;
  }

  /** The known head that the first `length` of some bytes begin with. */
  find(bytes: Uint8Array, length: number): KnownHead | undefined {
    for (const entry of this.#entries) if (beginsWith(bytes, length, entry.bytes)) return entry;
    return undefined;
  }

  /** Parses a header block (byte string, without the empty line) that the guest wrote as `bytes`. */
  parse(block: string, bytes: Uint8Array): ReadyHead | BadHead {
    const head = parseResponseHead(block);
    if ("reason" in head) return head;
    const ready = { head, headers: this.#headersOf(head) };
    if (bytes.length <= blockBytesMax) this.#keep({ ...ready, bytes: bytes.slice() });
    return ready;
  }

  #headersOf(head: ResponseHead): Headers {
    const headers = new Headers();
    for (const [name, value] of head.headers) headers.append(name, value);
    for (const [name, value] of Object.entries(this.#extra)) headers.set(name, value);
    return headers;
  }

  /** Newest first: it is the likeliest. */
  #keep(known: KnownHead): void {
    this.#entries.unshift(known);
    this.#entries.length = Math.min(this.#entries.length, entriesMax);
  }
}

function beginsWith(bytes: Uint8Array, length: number, start: Uint8Array): boolean {
  if (length < start.length) return false;
  for (let at = 0; at < start.length; at++) if (bytes[at] !== start[at]) return false;
  return true;
}
