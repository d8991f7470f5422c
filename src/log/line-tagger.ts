/**
 * Cuts one guest's stderr into lines for the log and keeps its end, which explains a failure better than any
 * message of ours. Bytes come in whatever pieces the guest wrote, and its memory is reused at once: what is
 * kept is copied.
 */
import { guestLineBytesMax, guestTailBytesMax } from "../limits.ts";
import type { GuestLines } from "./logger.ts";

const lineFeed = 0x0a;
// Bytes that are no UTF-8 become U+FFFD.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class LineTagger {
  readonly #sink: GuestLines;
  /** The line begun, in its first `#lineBytes`; made when the guest first writes, since most never do. */
  #line: Uint8Array | undefined;
  #lineBytes = 0;
  /** Bytes of the line begun that were too many. */
  #cutBytes = 0;
  #tail: Uint8Array | undefined;
  #tailBytes = 0;

  constructor(sink: GuestLines) {
    this.#sink = sink;
  }

  /** Takes what the guest wrote. */
  push(chunk: Uint8Array): void {
    this.#keepTail(chunk);
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      this.#append(chunk.subarray(start, end));
      this.#emit();
      start = end + 1;
    }
    this.#append(chunk.subarray(start));
  }

  /** The guest is done: a last line without an end is one, too. */
  end(): void {
    this.#emit();
  }

  /** The last of what the guest wrote, at most `guestTailBytesMax` bytes, without white space around it. */
  tail(): string {
    const bytes = this.#tail?.subarray(0, this.#tailBytes) ?? new Uint8Array();
    // The cut may have gone through a character: skip the rest of it.
    const first = bytes.findIndex((byte) => (byte & 0xc0) !== 0x80);
    return decoder.decode(bytes.subarray(first > 0 && first < 4 ? first : 0)).trim();
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#line ??= new Uint8Array(guestLineBytesMax);
    const taken = bytes.subarray(0, guestLineBytesMax - this.#lineBytes);
    this.#line.set(taken, this.#lineBytes);
    this.#lineBytes += taken.length;
    this.#cutBytes += bytes.length - taken.length;
  }

  /** Empty lines are left out: they cost a line and say nothing. */
  #emit(): void {
    const bytes = this.#line?.subarray(0, this.#lineBytes) ?? new Uint8Array();
    const cutBytes = this.#cutBytes;
    this.#lineBytes = 0;
    this.#cutBytes = 0;
    if (bytes.length === 0 || !this.#sink.takes()) return;
    const text = decoder.decode(bytes).trimEnd();
    this.#sink.line(cutBytes === 0 ? text : `${text}… (${cutBytes} more bytes)`);
  }

  #keepTail(chunk: Uint8Array): void {
    this.#tail ??= new Uint8Array(guestTailBytesMax);
    const added = chunk.subarray(Math.max(0, chunk.length - guestTailBytesMax));
    const keptBytes = Math.min(this.#tailBytes, guestTailBytesMax - added.length);
    this.#tail.copyWithin(0, this.#tailBytes - keptBytes, this.#tailBytes);
    this.#tail.set(added, keptBytes);
    this.#tailBytes = keptBytes + added.length;
  }
}
