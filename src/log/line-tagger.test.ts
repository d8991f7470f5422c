import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { guestLineBytesMax, guestTailBytesMax } from "../limits.ts";
import { LineTagger } from "./line-tagger.ts";

const encoder = new TextEncoder();

function collect(chunks: readonly (string | Uint8Array)[], takes: () => boolean = () => true) {
  const lines: string[] = [];
  const tagger = new LineTagger({ takes, line: (text) => lines.push(text) });
  for (const chunk of chunks) {
    const bytes = typeof chunk === "string" ? encoder.encode(chunk) : chunk.slice();
    tagger.push(bytes);
    // A guest's memory is put back right after the call.
    bytes.fill(0x3f);
  }
  tagger.end();
  return { lines, tail: tagger.tail() };
}

describe("LineTagger", () => {
  const cases: readonly [name: string, chunks: readonly (string | Uint8Array)[], lines: readonly string[]][] =
    [
      ["nothing", [], []],
      ["one line", ["a\n"], ["a"]],
      ["a last line without an end", ["a\nb"], ["a", "b"]],
      ["a line in pieces", ["a", "b", "", "c\nd"], ["abc", "d"]],
      ["CRLF", ["a\r\nb\r\n"], ["a", "b"]],
      ["empty lines", ["\n\na\n\n"], ["a"]],
      ["a character in pieces", [new Uint8Array([0xe2, 0x82]), new Uint8Array([0xac, 0x0a])], ["€"]],
      ["bytes that are no UTF-8", [new Uint8Array([0x61, 0xff, 0xc3, 0x0a])], ["a\ufffd\ufffd"]],
      ["a byte order mark", ["\ufeffa\n"], ["\ufeffa"]],
      ["the longest line", ["x".repeat(guestLineBytesMax), "\n"], ["x".repeat(guestLineBytesMax)]],
      [
        "a line too long, then another",
        ["x".repeat(guestLineBytesMax - 1), "yz", "zz\nb\n"],
        [`${"x".repeat(guestLineBytesMax - 1)}y… (3 more bytes)`, "b"],
      ],
    ];
  test.each(cases)("push splits: %s", (_name, chunks, lines) => {
    expect(collect(chunks).lines).toEqual([...lines]);
  });

  test("push gives the same lines and tail however the bytes are cut", () => {
    const bytes = fc
      .uint8Array({ maxLength: 3000 })
      .map((raw) => raw.map((byte) => (byte < 32 ? 0x0a : byte)));
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(3000), { maxLength: 8 }), (whole, cuts) => {
        const at = [0, ...cuts.map((cut) => Math.min(cut, whole.length)), whole.length].sort((a, b) => a - b);
        const pieces = at.slice(1).map((end, index) => whole.subarray(at[index], end));
        expect(collect(pieces)).toEqual(collect([whole]));
      }),
    );
  });

  test("push asks once for every line and keeps the tail of those refused", () => {
    let asked = 0;
    const { lines, tail } = collect(["a\nb\nc"], () => ++asked === 2);
    expect(lines).toEqual(["b"]);
    expect(asked).toBe(3);
    expect(tail).toBe("a\nb\nc");
  });

  test("tail is the end of everything written, bounded and well formed", () => {
    expect(collect([]).tail).toBe("");
    expect(collect(["x".repeat(5000), "the end\n"]).tail).toBe(`${"x".repeat(guestTailBytesMax - 8)}the end`);
    const euros = collect(["€".repeat(400)]).tail;
    expect(euros).toBe("€".repeat(Math.floor(guestTailBytesMax / 3)));
  });
});
