import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { visible } from "./visible.ts";

describe("visible", () => {
  const cases: readonly [name: string, text: string, expected: string][] = [
    ["plain text stays", "GET /a b?c=ü 漢 👍🏽 👨‍👩‍👧", "GET /a b?c=ü 漢 👍🏽 👨‍👩‍👧"],
    ["a tab stays", "a\tb", "a\tb"],
    ["a terminal escape", "\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"],
    ["an operating system command", "\x1b]0;title\x07", "\\x1b]0;title\\x07"],
    ["the eight-bit escape introducer", "\x9b31m", "\\x9b31m"],
    ["a forged line", 'a\r\n{"event":"listening"}', 'a\\r\\n{"event":"listening"}'],
    ["NUL, backspace and DEL", "\0\b\x7f", "\\x00\\x08\\x7f"],
    ["text turned around", "\u202egpj.exe\u202c \u2066x\u2069", "\\u202egpj.exe\\u202c \\u2066x\\u2069"],
    ["line separators", "a\u2028b\u2029c\u0085d", "a\\u2028b\\u2029c\\x85d"],
    ["lone surrogates", "a\ud800b\udc00", "a\\ud800b\\udc00"],
  ];
  test.each(cases)("visible writes out: %s", (_name, text, expected) => {
    expect(visible(text, 1000)).toBe(expected);
  });

  test("visible keeps any text within its length, well formed and free of control characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 40 }), (text, charsMax) => {
        const shown = visible(text, charsMax);
        expect(shown.length).toBeLessThanOrEqual(charsMax);
        expect(shown.isWellFormed()).toBe(true);
        expect(shown).not.toMatch(/[\0-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });

  test("visible does not cut a character in half", () => {
    expect(visible("ab👍cd", 4)).toBe("ab\ufffd…");
    expect(visible("ab👍cd", 6)).toBe("ab👍cd");
  });
});
