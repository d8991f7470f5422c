/**
 * Lines on their way out. They share writes (one every few milliseconds, not one a line), wait for a slow
 * reader up to a bound and are counted beyond it. A log that cannot be written never stops the node.
 */
import { logBufferCharsMax, logDelayMs, logFlushMsMax } from "../limits.ts";
import type { Write } from "./sink-writer.ts";

export class LineBuffer {
  readonly #write: Write;
  /** The line that says how many had to go. */
  readonly #describe: (dropped: number) => string;
  #text = "";
  #dropped = 0;
  /** Set while lines wait for their write. There is none at rest. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The write in progress. No second one starts before it ends: that is the backpressure. */
  #writing: Promise<void> | undefined;
  /** Nothing leaves before the first flush: the ready line has to be the first. */
  #held = true;

  constructor(write: Write, describe: (dropped: number) => string) {
    this.#write = write;
    this.#describe = describe;
  }

  /** Adds a line (without its end). */
  add(line: string): void {
    if (this.#text.length + line.length + 1 > logBufferCharsMax) {
      this.#dropped++;
      return;
    }
    this.#text += `${line}\n`;
    if (this.#timer !== undefined || this.#writing !== undefined || this.#held) return;
    this.#timer = setTimeout(() => this.#drain(), logDelayMs);
  }

  /** Puts a line in front of those that wait and lets them go. */
  open(line: string): void {
    this.#text = `${line}\n${this.#text}`;
    this.#held = false;
    this.#drain();
  }

  /** Hands everything to the writer now; resolves when it took it, or after `logFlushMsMax`. */
  async flush(): Promise<void> {
    this.#held = false;
    this.#drain();
    const { promise: tooLate, resolve } = Promise.withResolvers<"too late">();
    const timer = setTimeout(() => resolve("too late"), logFlushMsMax);
    // The end of one write starts the next.
    while (this.#writing !== undefined) {
      if ((await Promise.race([this.#writing, tooLate])) === "too late") break;
    }
    clearTimeout(timer);
  }

  #drain(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#writing !== undefined) return;
    const text = this.#take();
    if (text === "") return;
    const written = this.#start(text);
    if (written === undefined) return;
    this.#writing = written.then(() => {
      this.#writing = undefined;
      this.#drain();
    });
  }

  #take(): string {
    const dropped = this.#dropped === 0 ? "" : `${this.#describe(this.#dropped)}\n`;
    const text = this.#text + dropped;
    this.#text = "";
    this.#dropped = 0;
    return text;
  }

  #start(text: string): Promise<void> | undefined {
    try {
      // Whoever reads the log may be gone (EPIPE). There is nobody left to tell.
      return this.#write(text)?.catch(() => undefined);
    } catch {
      return undefined;
    }
  }
}
