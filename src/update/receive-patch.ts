/**
 * Takes a patch from its sender to the update thread, piece by piece: its bytes are never gathered on the serving
 * thread. The verdict on its head comes as soon as the head is there; nobody uploads 500 MB to learn that a key is
 * unknown.
 */
import { EmendError } from "../errors.ts";
import type { PatchHead, PolicyFacts, SiteKeys, SourceTicket } from "./incoming-patch.ts";
import type { MadeFiles } from "./make-files.ts";
import { dropTickets } from "./shared-blob.ts";
import type { UpdateThread } from "./update-thread.ts";

/** A patch on its way in, as the admin API hands it over. */
export interface Upload {
  readonly body: ReadableStream<Uint8Array>;
  readonly bytes: number | null;
}

let lastId = 0;

/** A patch that the update thread holds. Dispose to let go of it there. */
export class ReceivedPatch implements Disposable {
  /** By which the thread knows it. */
  readonly id: number = ++lastId;
  readonly #thread: UpdateThread;
  readonly #hold: Disposable;
  #bytes = 0;
  #headMs = 0;
  #verifyMs = 0;

  constructor(thread: UpdateThread) {
    this.#thread = thread;
    this.#hold = thread.hold();
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** When its head was there, by `performance.now()`. */
  get headMs(): number {
    return this.#headMs;
  }

  /** Time that its signatures and policy took, milliseconds. */
  get verifyMs(): number {
    return this.#verifyMs;
  }

  /**
   * Takes it in. How long it may be, and how slowly it may come, is its sender's side to see to.
   *
   * @param judge Called with the head; what it throws ends the upload.
   * @throws EmendError `patch.*`, `key.format`, `update.failed`.
   */
  async receive(
    { body, bytes }: Upload,
    keys: SiteKeys,
    judge: (head: PatchHead) => Promise<void>,
  ): Promise<PatchHead> {
    await this.#thread.ask("expect", [this.id, keys, bytes]);
    let head: PatchHead | undefined;
    // Leaving the loop in any way cancels the upload.
    for await (const piece of body) {
      this.#bytes += piece.length;
      const startMs = performance.now();
      const found = await this.#feed(piece);
      if (found !== undefined) {
        await judge(found);
        this.#headMs = startMs;
        this.#verifyMs = performance.now() - startMs;
        head = found;
      }
    }
    if (head !== undefined) return head;
    throw new EmendError("patch.truncated", `the patch ends after ${this.#bytes} bytes, within its head`);
  }

  /** Judges it by policy. Throws `patch.*`. */
  admit(facts: PolicyFacts): Promise<void> {
    return this.#thread.ask("admit", [this.id, facts]);
  }

  /** Has the files made. Throws `patch.*`, `delta.*`, `site.config`. */
  async make(sources: ReadonlyMap<string, SourceTicket>): Promise<MadeFiles> {
    try {
      return await this.#thread.ask("make", [this.id, sources]);
    } finally {
      dropTickets([...sources.values()].map(({ ticket }) => ticket));
    }
  }

  [Symbol.dispose](): void {
    // A thread that is gone has let go of it.
    if (this.#thread.running) this.#thread.ask("drop", [this.id]).catch(() => {});
    this.#hold[Symbol.dispose]();
  }

  #feed(piece: Uint8Array): Promise<PatchHead | undefined> {
    const { buffer } = piece;
    // Cloning a view clones all of the buffer behind it.
    const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength === piece.byteLength;
    const own = isAlone ? buffer : new Uint8Array(piece).buffer;
    return this.#thread.ask("feed", [this.id, new Uint8Array(own)], [own]);
  }
}
