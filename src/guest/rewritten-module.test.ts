import { expect, test } from "bun:test";
import { kitGuest } from "../../test/support/guests.ts";
import { compileHandler, compileRewritten } from "./compiled-module.ts";
import { rewriteHandler } from "./rewrite-command.ts";
import { decodeRewritten, encodeRewritten } from "./rewritten-module.ts";

test.each(["c-hello", "rust-hello", "bad-unstable"])(
  "what is kept of %s is what was made of it",
  async (name) => {
    const made = rewriteHandler(kitGuest(name), name);
    const kept = decodeRewritten(encodeRewritten(made));
    expect(kept).toEqual(made);
    const [{ module: one, ...compiled }, { module: other, ...again }] = [
      await compileRewritten(kept),
      await compileHandler(kitGuest(name), name),
    ];
    expect(compiled).toEqual(again);
    expect([one, other].every((module) => module instanceof WebAssembly.Module)).toBe(true);
  },
);
