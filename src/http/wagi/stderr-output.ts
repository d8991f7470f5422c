/** A guest's stderr: lines for the log. It never waits; the log has bounds of its own. */
import { type GuestLines, LineTagger } from "../../log/index.ts";
import type { Output } from "../../wasi/index.ts";

export class StderrOutput implements Output {
  readonly #lines: GuestLines;
  /** Made when the guest first writes: most never do. */
  #tagger: LineTagger | undefined;

  constructor(lines: GuestLines) {
    this.#lines = lines;
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    this.#tagger ??= new LineTagger(this.#lines);
    this.#tagger.push(bytes.subarray(start, end));
    return end - start;
  }

  ready(): boolean {
    return true;
  }

  wait(wake: () => void): void {
    wake();
  }

  /** The guest is done: a last line without an end is one, too. */
  end(): void {
    this.#tagger?.end();
  }

  /** The last of what it wrote, "" when it wrote nothing. */
  tail(): string {
    return this.#tagger?.tail() ?? "";
  }
}
