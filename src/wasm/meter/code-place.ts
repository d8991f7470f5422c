/** A place in the code section, within one function: reads what follows an opcode. */
import { DecodeError, readUnsignedLeb } from "../../bytes/index.ts";

export class CodePlace {
  readonly bytes: Uint8Array;
  at = 0;
  /** Behind the function's last `end`. */
  end = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  u32(): number {
    const [bytes, start] = [this.bytes, this.at];
    let at = start;
    while (bytes[at++]! >= 0x80);
    this.at = at;
    if (at > this.end) this.fail("an instruction over the end of its function");
    return readUnsignedLeb(bytes, start, at);
  }

  skipValueType(): void {
    const type = this.bytes[this.at++]!;
    if (type === 0x63 || type === 0x64) while (this.bytes[this.at++]! >= 0x80);
  }

  /** Refuses what is there, or `at` another place. */
  fail(what: string, at: number = this.at): never {
    throw new DecodeError(at, what);
  }
}
