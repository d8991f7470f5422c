/**
 * Tells the compiler which branches are hardly ever taken (branch hinting proposal, `metadata.code.branch_hint`). A
 * charge calls the host once in a slice. Not knowing that, the compiler clears its registers for the call at every
 * turn of a loop, and tight loops take twice the time.
 *
 * ```
 *  functions ( function  hints ( offset in the body  01  00 = unlikely )* )*
 * ```
 */
import { ByteWriter } from "../../bytes/index.ts";
import { makeSection, type Section, sectionId } from "../section.ts";

const sectionName = "metadata.code.branch_hint";

export class BranchHints {
  readonly #out = new ByteWriter();
  #functions = 0;
  #function = 0;
  #bodyStart = 0;
  #offsets: number[] = [];

  /**
   * A function begins, and its locals at `bodyStart`. Functions come in their order, and so do places in them.
   * `index` counts the functions with code only: the proposal means all, but JavaScriptCore looks hints up so.
   */
  begin(index: number, bodyStart: number): void {
    this.#flush();
    this.#function = index;
    this.#bodyStart = bodyStart;
  }

  /** The `if` at this place is hardly ever true. */
  unlikely(at: number): void {
    this.#offsets.push(at - this.#bodyStart);
  }

  /** The section. */
  finish(): Section {
    this.#flush();
    const payload = new ByteWriter(this.#out.length + 64).name(sectionName).u32(this.#functions);
    return makeSection(sectionId.custom, payload.raw(this.#out.finish()).finish());
  }

  #flush(): void {
    if (this.#offsets.length === 0) return;
    this.#functions++;
    this.#out.u32(this.#function).u32(this.#offsets.length);
    for (const offset of this.#offsets) this.#out.u32(offset).u8(1, 0);
    this.#offsets.length = 0;
  }
}
