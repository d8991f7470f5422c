import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EventStreamParser } from "./event-stream-parser.ts";

/** The data of all events of a stream that comes in these pieces. */
function dataOf(...pieces: string[]): string[] {
  const parser = new EventStreamParser();
  return pieces.flatMap((piece) => parser.take(piece)).map(({ data }) => data);
}

describe("EventStreamParser", () => {
  test.each([
    ["one event", "data: a\n\n", ["a"]],
    ["no space behind the colon, and two", "data:a\n\ndata:  b\n\n", ["a", " b"]],
    ["several lines of data", "data: a\ndata: b\ndata\n\n", ["a\nb\n"]],
    ["comments and unknown fields", ": beat\n\nfoo: x\nretry: 5\ndata: a\n\n", ["a"]],
    ["an event without data", "event: x\nid: 1\n\ndata: a\n\n", ["a"]],
    ["all line ends", "data: a\r\n\r\ndata: b\r\rdata: c\n\n", ["a", "b", "c"]],
    ["an end that is missing", "data: a\n\ndata: b\n", ["a"]],
  ])("takes %s", (_, text, expected) => {
    expect(dataOf(text)).toEqual(expected);
    // However it was cut.
    expect(dataOf(...text)).toEqual(expected);
  });

  test("gives the same for every way to cut a stream", () => {
    const line = fc.constantFrom("data: a", "data: ü🦉", "id: 7", "event: e", ": c", "", "x", "\r");
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(60)), (lines, cuts) => {
        const text = lines.map((each) => `${each}\n`).join("");
        const at = [...new Set(cuts.filter((cut) => cut < text.length))].sort((a, b) => a - b);
        const pieces = [0, ...at].map((from, i) => text.slice(from, at[i]));
        expect(dataOf(...pieces)).toEqual(dataOf(text));
      }),
    );
  });

  test("remembers the last id over a connection that broke, and no half event", () => {
    const parser = new EventStreamParser();
    expect(parser.lastEventId).toBeNull();
    expect(parser.take("id: 41\nevent: trap\ndata: a\n\nid: 42\ndata: ha")).toEqual([
      { event: "trap", data: "a" },
    ]);
    expect(parser.lastEventId).toBe("41");
    parser.restart();
    expect(parser.take("data: b\n\n")).toEqual([{ event: "message", data: "b" }]);
    expect(parser.lastEventId).toBe("41");
  });

  test("refuses an event without an end", () => {
    const parser = new EventStreamParser();
    const piece = "x".repeat(100_000);
    expect(() => {
      for (let i = 0; i < 20; i++) parser.take(piece);
    }).toThrow("more than");
  });
});
