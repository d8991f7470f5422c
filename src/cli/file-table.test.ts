import { describe, expect, test } from "bun:test";
import { fileTable, fileTotals, shownBytes } from "./file-table.ts";

describe("fileTable", () => {
  test("aligns sizes and says what was left out", () => {
    const files = [
      { path: "a", size: 5 },
      { path: "b", size: 1234 },
    ];
    expect(fileTable(files, [{ path: ".env", reason: "a dotfile" }])).toBe(
      "     5  a\n  1234  b\n  left out: .env (a dotfile)",
    );
  });

  test("lets no name that was left out speak to the terminal", () => {
    expect(fileTable([], [{ path: ".\x1b[2J\n\x9b", reason: "a dotfile" }])).toBe(
      "  left out: .\\x1b[2J\\x0a\\x9b (a dotfile)",
    );
  });
});

test("fileTotals counts files and bytes", () => {
  expect(fileTotals([])).toBe("0 files, 0 bytes");
  expect(fileTotals([{ path: "a", size: 999 }])).toBe("1 file, 999 bytes");
});

describe("shownBytes", () => {
  for (const [bytes, text] of [
    [0, "0"],
    [999, "999"],
    [1000, "1,000"],
    [109_209_776, "109,209,776"],
  ] as const) {
    test(`groups ${bytes}`, () => expect(shownBytes(bytes)).toBe(`${text} bytes`));
  }
});
