import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EmendError } from "../errors.ts";
import { checkPath, checkPaths } from "./release-path.ts";

/** The message of the `patch.path` that a call throws, or null when it throws nothing. */
function refusal(run: () => void): string | null {
  try {
    run();
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(EmendError);
    expect((error as EmendError).code).toBe("patch.path");
    return (error as EmendError).message;
  }
}

describe("checkPath", () => {
  const accepted = [
    "site.toml",
    "public/index.html",
    "public/.well-known/security.txt",
    "a b/100% sure/ü/日本/…",
    "...",
    "a..b/..c",
    "con",
    "x".repeat(512),
    "é".repeat(256),
    "\u{1f600}",
  ];
  for (const path of accepted) {
    test(`accepts ${JSON.stringify(path.slice(0, 40))}`, () =>
      expect(refusal(() => checkPath(path))).toBe(null));
  }

  const refused: [path: string, rule: string][] = [
    ["", "must not be empty or hold an empty segment"],
    ["/etc/passwd", "must be relative"],
    ["a//b", "empty segment"],
    ["a/", "empty segment"],
    [".", "must not hold the segment ."],
    ["a/./b", "must not hold the segment ."],
    ["..", "must not hold the segment .."],
    ["a/../../b", "must not hold the segment .."],
    ["a\\b", "backslash"],
    ["..\\b", "backslash"],
    ["a\0b", "control characters"],
    ["a\nb", "control characters"],
    ["a\x7fb", "control characters"],
    ["a\x9bb", "control characters"],
    ["e\u0301", "normal form C"],
    ["\u212b", "normal form C"],
    ["a\ud800", "valid Unicode"],
    ["x".repeat(513), "at most 512 bytes of UTF-8, is 513"],
    ["é".repeat(257), "at most 512 bytes of UTF-8, is 514"],
  ];
  for (const [path, rule] of refused) {
    test(`refuses ${JSON.stringify(path.slice(0, 40))}: ${rule}`, () => {
      const message = refusal(() => checkPath(path));
      expect(message).toContain(rule);
      expect(message).not.toMatch(/[\0-\x1f\x7f-\x9f]/);
    });
  }

  test("accepts only what stays below its root, in one spelling", () => {
    const segment = fc.oneof(
      fc.constantFrom("..", ".", "", "a", "B", "\\", "\0", "é", "e\u0301", "\ud800", ".well-known"),
      fc.string({ unit: "binary", maxLength: 8 }),
    );
    const path = fc.oneof(
      fc.array(segment, { maxLength: 6 }).map((list) => list.join("/")),
      fc.string({ unit: "binary", maxLength: 600 }),
    );
    fc.assert(
      fc.property(path, (path) => {
        if (refusal(() => checkPath(path)) !== null) return;
        const url = new URL("file:///base/");
        url.pathname = `/base/${path.split("/").map(encodeURIComponent).join("/")}`;
        expect(decodeURIComponent(url.pathname)).toBe(`/base/${path}`);
        expect(Buffer.from(Buffer.from(path).toString()).equals(Buffer.from(path.normalize("NFC")))).toBe(
          true,
        );
        expect(Buffer.byteLength(path)).toBeLessThanOrEqual(512);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("checkPaths", () => {
  const twins: [string, string][] = [
    ["a.html", "A.html"],
    ["public/Straße", "public/STRASSE"],
    ["ſ", "S"],
    ["k", "\u212a".normalize("NFC")],
    ["ΑΣ/x", "ας/x"],
    ["i\u0307x", "İx"],
    ["ǆ", "ǅ"],
  ];
  for (const [one, other] of twins) {
    test(`refuses ${one} beside ${other}`, () => {
      expect(refusal(() => checkPaths([one, "between", other]))).toMatch(/case is folded|listed twice/);
    });
  }

  test("refuses a path that is listed twice", () => {
    expect(refusal(() => checkPaths(["a", "b", "a"]))).toContain("listed twice");
  });

  test("names the path that breaks a rule among good ones", () => {
    expect(refusal(() => checkPaths(["a", "b/../c"]))).toBe('path "b/../c": must not hold the segment ..');
  });

  test("accepts names that only look alike", () => {
    expect(refusal(() => checkPaths(["a", "b", "a/b", "а", "aa", "a-b", "a_b"]))).toBe(null);
  });
});
