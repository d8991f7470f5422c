import { describe, expect, test } from "bun:test";
import {
  type DirectoryGrant,
  parseDirectory,
  parseEnvironment,
  parseFuel,
  parseMemoryPages,
  parseTimeoutMs,
} from "./run-options.ts";

describe("parseDirectory", () => {
  const grants: [text: string, ...DirectoryGrant[keyof DirectoryGrant][]][] = [
    ["data", "data", "data", false],
    ["data:ro", "data", "data", true],
    ["/var/data::/data", "/var/data", "/data", false],
    ["/var/data::/data:ro", "/var/data", "/data", true],
    [".::/", ".", "/", false],
    ["a:b::c:d", "a:b", "c:d", false],
    ["a::b::c", "a", "b::c", false],
    ["x:ro::x", "x:ro", "x", false],
    ["a b::é", "a b", "é", false],
  ];
  for (const [text, host, guest, readOnly] of grants) {
    test(`reads ${text}`, () => {
      expect(parseDirectory(text)).toEqual({ host, guest, readOnly } as DirectoryGrant);
    });
  }

  for (const text of ["", "::", "a::", "::b", ":ro", "::b:ro", "a:::ro"]) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseDirectory(text)).toThrow(
        `--dir ${JSON.stringify(text)}: expected HOST::GUEST, HOST::GUEST:ro or HOST`,
      );
    });
  }
});

describe("parseFuel and parseMemoryPages", () => {
  test("read whole numbers, MiB as pages of 64 KiB", () => {
    expect(parseFuel("1")).toBe(1);
    expect(parseFuel("9007199254740991")).toBe(Number.MAX_SAFE_INTEGER);
    expect(parseMemoryPages("64")).toBe(1024);
    expect(parseMemoryPages("4095")).toBe(65_520);
  });

  for (const text of ["", "0", "-1", "1.5", "1e3", "x", "9007199254740992"]) {
    test(`refuse ${JSON.stringify(text)}`, () => {
      expect(() => parseFuel(text)).toThrow(`--fuel ${JSON.stringify(text)}: expected whole units from 1 to`);
      expect(() => parseMemoryPages(text)).toThrow("expected whole MiB from 1 to 4095");
    });
  }
});

describe("parseEnvironment", () => {
  const own = { HOME: "/root", EMPTY: "", GONE: undefined };
  const cases: [texts: string[], expected: [string, string][]][] = [
    [[], []],
    [["A=1", "B=x=y", "C="], [["A", "1"], ["B", "x=y"], ["C", ""]]], // biome-ignore format: a line each
    [["A=1", "B=2", "A=3"], [["A", "3"], ["B", "2"]]], // biome-ignore format: a line each
    [["HOME", "EMPTY"], [["HOME", "/root"], ["EMPTY", ""]]], // biome-ignore format: a line each
    [["GONE", "NEVER"], []],
  ];
  for (const [texts, expected] of cases) {
    test(`reads ${JSON.stringify(texts)}`, () => {
      expect([...parseEnvironment(texts, own)]).toEqual(expected);
    });
  }

  for (const text of ["", "=", "=x"]) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseEnvironment([text], own)).toThrow(
        `--env ${JSON.stringify(text)}: expected NAME=VALUE or NAME`,
      );
    });
  }
});

describe("parseTimeoutMs", () => {
  test("reads whole milliseconds that a timer can be set to", () => {
    expect(["1", "250", "2147483647"].map(parseTimeoutMs)).toEqual([1, 250, 2_147_483_647]);
  });

  for (const text of ["", "0", "-1", "1.5", "1e3", " 5", "5s", "2147483648", "NaN"]) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseTimeoutMs(text)).toThrow(
        `--timeout ${JSON.stringify(text)}: expected whole milliseconds from 1 to 2147483647`,
      );
    });
  }
});
