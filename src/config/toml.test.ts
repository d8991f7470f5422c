import { describe, expect, test } from "bun:test";
import { parseToml } from "./toml.ts";

/** What is wrong with a text: the first issue, as one line. */
function errorOf(text: string): string {
  const toml = parseToml(text);
  if (toml.kind === "document") throw new Error("a document");
  const { path, message } = toml.issues[0]!;
  return `${path}|${message}`;
}

describe("parseToml", () => {
  test("reads a document, with a byte order mark and CRLF too", () => {
    expect(parseToml('\ufeffa = 1\r\n[b]\r\nc = "x"\r\n')).toEqual({
      kind: "document",
      root: { a: 1, b: { c: "x" } },
    });
  });

  const longList = `a = [\n${"  1,\n".repeat(20)}]\n`;
  test.each([
    ["in the first line", "a = = 1\nb = 2", 1],
    ["in the last line", "a = 1\nb = 2\nc =", 3],
    ["after a comment and an empty line", "a = 1\n\n# b\nc = [1\nd = 2", 4],
    ["after values of several lines", `${longList}b = """\nx\ny"""\nc = 'x\nd = 1\n`, 26],
    [
      "in front of values of several lines",
      `a = ?\n${longList.replace("a", "b")}${longList.replace("a", "c")}`,
      1,
    ],
    ["that repeats a key", "a = 1\nb = 2\na = 3\nc = 4", 3],
    ["that repeats a table", "[a]\nx = 1\n[b]\n[a]\ny = 1", 4],
  ])("finds the line of an error %s", (_, text, line) => {
    expect(errorOf(text)).toStartWith(`|expected TOML, got an error at line ${line}: `);
  });

  test.each([
    ["is too long", `a = "${"x".repeat(128 * 1024)}"`, "|expected at most 131072 bytes, got 131078"],
    ["is too deep", `a = ${"[".repeat(100_000)}`, "|expected TOML, got an error: nested too deeply"],
    [
      "holds __proto__",
      "[[a]]\nb = { __proto__ = 1 }",
      "a[0].b.__proto__|expected another name, got a reserved one",
    ],
    ["holds the name of a method", "toString = 1", "toString|expected another name, got a reserved one"],
    ["is deep and holds a reserved name", `${"a.".repeat(5_000)}constructor = 1`, "a.a.a."],
  ])("refuses a text that %s", (_, text, error) => {
    expect(errorOf(text)).toStartWith(error);
  });
});
