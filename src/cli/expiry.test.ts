import { describe, expect, test } from "bun:test";
import { parseExpiry } from "./expiry.ts";

const nowMs = Date.parse("2026-01-01T00:00:00Z");

describe("parseExpiry", () => {
  test.each([
    ["90s", "2026-01-01T00:01:30Z"],
    ["5m", "2026-01-01T00:05:00Z"],
    ["12h", "2026-01-01T12:00:00Z"],
    ["7d", "2026-01-08T00:00:00Z"],
    ["4w", "2026-01-29T00:00:00Z"],
    ["2030-01-31T12:00:00Z", "2030-01-31T12:00:00Z"],
  ])("takes %s", (text, expected) => {
    expect(parseExpiry(text, nowMs)).toBe(expected);
  });

  test.each([
    "",
    "7",
    "0d",
    "-1d",
    "7 d",
    "1.5h",
    "7y",
    "tomorrow",
    "2026-01-01T00:00:00Z",
    "2025-01-01T00:00:00Z",
    "2030-01-31",
    "2030-01-31T12:00:00",
    "2030-13-01T00:00:00Z",
    "999999w",
  ])("refuses %p", (text) => {
    expect(() => parseExpiry(text, nowMs)).toThrow(expect.objectContaining({ code: "usage" }));
  });
});
