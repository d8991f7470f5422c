/**
 * The last few header blocks of a route and what they came to. Most guests write the same block again and
 * again; parsing it is a pure function of its bytes, so the answer can be kept.
 */
import { type BadHead, parseResponseHead, type ResponseHead } from "./response-head.ts";

/** A head that can go out, with the headers of the response made from it. */
export interface ReadyHead {
  readonly head: ResponseHead;
  /** Not to be changed: responses are made from it again and again. */
  readonly headers: Headers;
}

/** Blocks that are kept, and the longest of them, characters. */
const [entriesMax, blockCharsMax] = [8, 1024];

export class HeadCache {
  readonly #extra: Readonly<Record<string, string>>;
  readonly #entries = new Map<string, ReadyHead>();

  /** `extra` goes on every response and wins over what the guest wrote. */
  constructor(extra: Readonly<Record<string, string>>) {
    this.#extra = extra;
  }

  /** Parses a header block (byte string, without the empty line), or finds it parsed. */
  parse(block: string): ReadyHead | BadHead {
    const known = this.#entries.get(block);
    if (known !== undefined) return known;
    const head = parseResponseHead(block);
    if ("reason" in head) return head;
    const ready = { head, headers: this.#headersOf(head) };
    if (block.length <= blockCharsMax) this.#keep(block, ready);
    return ready;
  }

  #headersOf(head: ResponseHead): Headers {
    const headers = new Headers();
    for (const [name, value] of head.headers) headers.append(name, value);
    for (const [name, value] of Object.entries(this.#extra)) headers.set(name, value);
    return headers;
  }

  #keep(block: string, ready: ReadyHead): void {
    if (this.#entries.size >= entriesMax) {
      const [oldest] = this.#entries.keys();
      this.#entries.delete(oldest!);
    }
    this.#entries.set(block, ready);
  }
}
