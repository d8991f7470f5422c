/**
 * A guest's stdout on its way to the client. First the header block is collected, then up to 64 KiB of
 * body; a guest that ends before that gets a response of known length. One that goes on, or waits, gets
 * its head sent and the rest streamed: what the client has not taken fills a queue, and a full queue makes
 * the guest wait in its write.
 *
 * ```
 *  collecting ──(ends | 64 KiB | waits)──► head out ──► streaming ──► done
 *       └──(bad head, too long)──► failed
 * ```
 */
import { responseHeadBytesMax, responseQueueBytesMax } from "../../limits.ts";
import { closed, type Output, wouldBlock } from "../../wasi/index.ts";
import type { HeadCache, KnownHead } from "./head-cache.ts";

/** Header blocks that were seen before. */
type KnownHeads = Pick<HeadCache, "find">;

type Mode = "collecting" | "streaming" | "discarding" | "closed";

/** Who decides about the response. */
export interface ResponseOwner {
  /** The buffer is full, or what the guest wrote can be no head: the output has to be streamed or closed. */
  onFull(): void;
}

/** Buffers that wait for the next response. Short ones, which most are, need never be allocated again. */
const spares: Uint8Array[] = [];
const [spareBytes, sparesMax] = [4096, 64];

export class ResponseOutput implements Output {
  readonly #owner: ResponseOwner;
  readonly #heads: KnownHeads;
  /** What the header block came to when it was seen before. */
  knownHead: KnownHead | undefined;
  #mode: Mode = "collecting";
  #buffer: Uint8Array = emptyBytes;
  #length = 0;
  /** Where the search for the end of the header block goes on. */
  #searched = 0;
  /** Offset of the first byte of the body, once the block has ended. */
  #bodyStart: number | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #pulled: (() => void) | undefined;
  #wake: (() => void) | undefined;
  #ended = false;
  /** Body bytes that may still go out: what Content-Length promised. */
  #bodyLeft = Number.POSITIVE_INFINITY;
  /** Body bytes that the guest wrote beyond its promise. */
  surplusBytes = 0;
  /** Body bytes handed over. */
  bodyBytes = 0;

  constructor(owner: ResponseOwner, heads: KnownHeads) {
    this.#owner = owner;
    this.#heads = heads;
  }

  /** Whether the header block is complete. */
  get hasHead(): boolean {
    return this.#bodyStart !== undefined;
  }

  /** The header block as a byte string, CRs dropped, without the line that ends it. */
  headBlock(): string {
    const end = this.#bodyStart ?? this.#length;
    const text = Buffer.from(this.#buffer.buffer, this.#buffer.byteOffset, end).toString("latin1");
    const block = text.includes("\r") ? text.replaceAll("\r\n", "\n") : text;
    return block.endsWith("\n\n") ? block.slice(0, -2) : block === "\n" ? "" : block;
  }

  /** The header block as the guest wrote it, the empty line included. A view: it is overwritten by the next write. */
  headBytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#bodyStart ?? this.#length);
  }

  /** What of the body is collected. A view: it is overwritten by the next write. */
  collectedBody(): Uint8Array {
    return this.#buffer.subarray(this.#bodyStart ?? this.#length, this.#length);
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    switch (this.#mode) {
      case "collecting":
        return this.#collect(bytes, start, end);
      case "streaming":
        return this.#enqueue(bytes, start, end);
      case "discarding":
        return end - start;
      case "closed":
        return closed;
    }
  }

  ready(): boolean {
    return this.#mode !== "streaming" || this.#room() > 0;
  }

  wait(wake: () => void): void {
    if (this.ready()) wake();
    else this.#wake = wake;
  }

  /** From here on nothing is kept: HEAD, 204 and the like. */
  discard(): void {
    this.#mode = "discarding";
    this.#release();
    this.#wake?.();
  }

  /** Nobody reads any more: writes fail. */
  close(): void {
    this.#mode = "closed";
    this.#release();
    this.#wake?.();
  }

  /**
   * Sends what is collected and streams the rest.
   *
   * @param promised bytes of body that Content-Length announced: not one more goes out.
   * @param onCancel the client went away.
   * @param onProgress the client took something.
   */
  stream(
    promised: number | undefined,
    onCancel: () => void,
    onProgress: () => void,
  ): ReadableStream<Uint8Array> {
    this.#bodyLeft = promised ?? Number.POSITIVE_INFINITY;
    const first = this.collectedBody().slice();
    this.#release();
    this.#mode = "streaming";
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
          if (first.length > 0) this.#enqueue(first, 0, first.length);
        },
        pull: () => {
          onProgress();
          this.#wake?.();
          if (this.#ended) return undefined;
          return new Promise<void>((resolve) => {
            this.#pulled = resolve;
          });
        },
        cancel: () => {
          this.close();
          onCancel();
        },
      },
      { highWaterMark: responseQueueBytesMax, size: (chunk) => chunk?.length ?? 0 },
    );
  }

  /** The guest is done: the stream ends with what is queued. */
  end(): void {
    this.#ended = true;
    if (this.#mode === "streaming") this.#controller?.close();
    this.#mode = "closed";
    this.#pulled?.();
  }

  /** The response is broken: the connection ends without completing it. */
  async abort(reason: string): Promise<void> {
    const controller = this.#mode === "streaming" ? this.#controller : undefined;
    this.#ended = true;
    this.#mode = "closed";
    if (controller === undefined) return;
    // Bun drops what is queued in the same turn as the error, and the head with it.
    await afterFlush();
    this.#pulled?.();
    controller.error(new Error(reason));
  }

  #collect(bytes: Uint8Array, start: number, end: number): number {
    const limit = this.hasHead
      ? (this.#bodyStart ?? 0) + responseQueueBytesMax
      : responseHeadBytesMax + responseQueueBytesMax;
    if (this.#length >= limit) return this.#full();
    const taken = Math.min(end - start, limit - this.#length);
    this.#reserve(taken);
    copyInto(this.#buffer, this.#length, bytes, start, taken);
    this.#length += taken;
    if (!this.hasHead) this.#findBody();
    return taken;
  }

  /** Decides what to do with a full buffer; the write is then tried again in the new mode. */
  #full(): number {
    this.#owner.onFull();
    return wouldBlock;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#buffer.length) return;
    if (needed <= spareBytes) {
      this.#buffer = spares.pop() ?? new Uint8Array(spareBytes);
      return;
    }
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#release();
    this.#buffer = grown;
  }

  /** Gives the buffer back. Nobody may hold a view of it any more. */
  #release(): void {
    if (this.#buffer.length === spareBytes && spares.length < sparesMax) spares.push(this.#buffer);
    this.#buffer = emptyBytes;
  }

  /** The block ends at the first empty line, be it LF or CRLF. */
  #findBody(): void {
    const bytes = this.#buffer;
    this.knownHead = this.#heads.find(bytes, this.#length);
    if (this.knownHead !== undefined) {
      this.#bodyStart = this.knownHead.bytes.length;
      return;
    }
    let lineStart = this.#searched;
    for (;;) {
      const end = bytes.indexOf(lineFeed, lineStart);
      if (end < 0 || end >= this.#length) break;
      const isEmpty = end === lineStart || (end === lineStart + 1 && bytes[lineStart] === carriageReturn);
      if (isEmpty) {
        this.#bodyStart = end + 1;
        return;
      }
      lineStart = end + 1;
    }
    this.#searched = lineStart;
  }

  #room(): number {
    return this.#controller?.desiredSize ?? 0;
  }

  #enqueue(bytes: Uint8Array, start: number, end: number): number {
    if (this.#bodyLeft === 0) {
      this.surplusBytes += end - start;
      return end - start;
    }
    const room = this.#room();
    if (room <= 0) return wouldBlock;
    const taken = Math.min(end - start, room, this.#bodyLeft);
    this.#controller?.enqueue(bytes.slice(start, start + taken));
    this.#bodyLeft -= taken;
    this.bodyBytes += taken;
    const pulled = this.#pulled;
    this.#pulled = undefined;
    pulled?.();
    return taken;
  }
}

const emptyBytes = new Uint8Array(0);
const [lineFeed, carriageReturn] = [0x0a, 0x0d];

/** Up to so many bytes a loop is quicker than making a view. */
const fewBytes = 64;

function copyInto(target: Uint8Array, at: number, source: Uint8Array, start: number, count: number): void {
  if (count > fewBytes) {
    target.set(source.subarray(start, start + count), at);
    return;
  }
  for (let i = 0; i < count; i++) target[at + i] = source[start + i]!;
}

function afterFlush(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
