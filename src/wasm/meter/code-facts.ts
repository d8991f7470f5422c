/** What the walk over a module's code finds out: facts about each function that the module defines, in columns. */
import { EditList } from "./edits.ts";

export interface CodeFacts {
  /** The payload of the code section, in which all offsets count. */
  readonly bytes: Uint8Array;
  readonly edits: EditList;
  /** How many edits there are up to and with this function's. */
  readonly editEnds: Uint32Array;
  /** Where its locals are declared, where its code begins, and behind its last `end`. */
  readonly bodyStarts: Uint32Array;
  readonly codeStarts: Uint32Array;
  readonly bodyEnds: Uint32Array;
  /** Values that a call of it may keep on the stack: parameters, locals, and operands at their highest. */
  readonly frameValues: Uint32Array;
  /** Parameters and locals. */
  readonly localCounts: Uint32Array;
  /** Functions of the module that it calls by name, and where its part of that list ends. */
  readonly callees: number[];
  readonly calleeEnds: Uint32Array;
  /** Globals that it writes, some of them if they are many, and where its part of that list ends. */
  readonly written: number[];
  readonly writtenEnds: Uint32Array;
  /** Calls what only running tells (a table's entry, a reference). */
  readonly callsAnything: Uint8Array;
  /** Has loops; calls anything at all (long operations included). */
  readonly loops: Uint8Array;
  readonly calls: Uint8Array;
  /** Has handlers of exceptions. */
  readonly catches: Uint8Array;
}

/** Facts about so many functions, none of them known yet. */
export function blankFacts(bytes: Uint8Array, count: number): CodeFacts {
  const column = (): Uint32Array => new Uint32Array(count);
  const flags = (): Uint8Array => new Uint8Array(count);
  return {
    bytes,
    edits: new EditList(),
    editEnds: column(),
    bodyStarts: column(),
    codeStarts: column(),
    bodyEnds: column(),
    frameValues: column(),
    localCounts: column(),
    callees: [],
    calleeEnds: column(),
    written: [],
    writtenEnds: column(),
    callsAnything: flags(),
    catches: flags(),
    loops: flags(),
    calls: flags(),
  };
}
