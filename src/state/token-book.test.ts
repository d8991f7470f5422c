import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tokensMax } from "../limits.ts";
import type { Principal } from "./principal.ts";
import { TokenBook } from "./token-book.ts";
import { addToken, readTokens, removeToken } from "./token-files.ts";

let dir = "";
let reports: string[] = [];
let book: TokenBook;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "emend-tokens-"));
  reports = [];
  book = bookOf(dir);
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function bookOf(dir: string | null): TokenBook {
  return new TokenBook({
    operatorToken: "emend_the-operator",
    dir,
    report: (message) => reports.push(message),
  });
}

const ci: Principal = { name: "ci", role: "publish", site: "blog" };
const add = (principal: Principal): string => addToken(dir, principal, 0);
const folder = (): string => join(dir, "tokens");
/** Long ago: no later change could share the time stamp. */
const settle = (): void => utimesSync(folder(), 1000, 1000);

describe("TokenBook.principalOf", () => {
  test("principalOf knows the operator, with and without a state directory", () => {
    const operator: Principal = { name: "operator", role: "operator", site: null };
    expect(book.principalOf("emend_the-operator")).toEqual(operator);
    expect(bookOf(null).principalOf("emend_the-operator")).toEqual(operator);
  });

  test.each(["", "emend_the-operato", "emend_the-operator2", "EMEND_THE-OPERATOR"])(
    "principalOf knows nobody with %p",
    (token) => {
      add(ci);
      expect(book.principalOf(token)).toBeUndefined();
    },
  );

  test("principalOf sees at once that a token was added or removed, also when it has looked just before", () => {
    expect(book.principalOf("emend_x")).toBeUndefined();
    const first = add(ci);
    expect(book.principalOf(first)).toEqual(ci);
    const second = add({ name: "reader", role: "read", site: null });
    expect(book.principalOf(second)).toEqual({ name: "reader", role: "read", site: null });
    removeToken(dir, "ci");
    expect(book.principalOf(first)).toBeUndefined();
    expect(book.principalOf(second)).toBeDefined();
  });

  test("principalOf does not read the files again while nothing changes", () => {
    const token = add(ci);
    settle();
    expect(book.principalOf(token)).toEqual(ci);
    // In place, which nobody does: the directory stays as it was.
    writeFileSync(join(folder(), "ci"), "garbage");
    expect(book.principalOf(token)).toEqual(ci);
    expect(reports).toEqual([]);
    writeFileSync(join(folder(), "new"), "");
    expect(book.principalOf(token)).toBeUndefined();
    expect(reports[0]).toContain("ci is damaged");
  });

  test("principalOf lets nobody but the operator in when a kept token is damaged, and says so", () => {
    const token = add(ci);
    writeFileSync(join(folder(), "zz"), '{"name":"zz"');
    expect(book.principalOf(token)).toBeUndefined();
    expect(book.principalOf("emend_the-operator")).toBeDefined();
    expect(reports[0]).toContain("zz is damaged: delete it");
  });

  test("principalOf trusts no directory that everybody can write to", () => {
    const token = add(ci);
    chmodSync(folder(), 0o777);
    expect(book.principalOf(token)).toBeUndefined();
    expect(reports[0]).toContain("can be written by everybody");
  });
});

describe("addToken", () => {
  test("addToken keeps a hash and no token, for the owner alone, and leaves nothing else behind", () => {
    const token = add(ci);
    expect(token).toMatch(/^emend_[\w-]{43}$/);
    const path = join(folder(), "ci");
    expect(readFileSync(path, "utf8")).not.toContain(token.slice(6));
    expect([statSync(folder()).mode & 0o777, statSync(path).mode & 0o777]).toEqual([0o700, 0o600]);
    expect(readdirSync(folder())).toEqual(["ci"]);
    expect(readTokens(dir)).toEqual([
      { ...ci, createdAt: "1970-01-01T00:00:00.000Z", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
  });

  test("addToken replaces no token", () => {
    const token = add(ci);
    expect(() => add({ ...ci, role: "operator" })).toThrow("there is a token ci already");
    expect(book.principalOf(token)).toEqual(ci);
    expect(readdirSync(folder())).toEqual(["ci"]);
  });

  test.each(["", "CI", "../ci", ".ci", "a/b", "ü", "operator", "node", "x".repeat(65), "a\nb"])(
    "addToken refuses the name %p",
    (name) => expect(() => add({ ...ci, name })).toThrow("the name of a token"),
  );

  test("addToken keeps a bounded number", () => {
    mkdirSync(folder(), { mode: 0o700 });
    const sha256 = "0".repeat(64);
    for (let at = 0; at < tokensMax; at++) {
      const kept = { ...ci, name: `t${at}`, createdAt: "2026-11-24T00:00:00.000Z", sha256 };
      writeFileSync(join(folder(), kept.name), JSON.stringify(kept));
    }
    expect(() => add(ci)).toThrow(`at most ${tokensMax} tokens`);
  });
});

describe("readTokens", () => {
  const whole = { ...ci, createdAt: "2026-11-24T00:00:00.000Z", sha256: "0".repeat(64) };
  const damaged: readonly [string, string][] = [
    ["nothing", ""],
    ["half of it", JSON.stringify(whole).slice(0, 40)],
    ["no object", "null"],
    ["an unknown role", JSON.stringify({ ...whole, role: "root" })],
    ["a role of the prototype", JSON.stringify({ ...whole, role: "constructor" })],
    ["a site that is a number", JSON.stringify({ ...whole, site: 1 })],
    ["a short hash", JSON.stringify({ ...whole, sha256: "00" })],
    ["the name of another", JSON.stringify({ ...whole, name: "other" })],
    ["too much", JSON.stringify({ ...whole, site: "x".repeat(5000) })],
  ];
  test.each(damaged)("readTokens refuses a file with %s", (_name, text) => {
    mkdirSync(folder(), { mode: 0o700 });
    writeFileSync(join(folder(), "ci"), text);
    expect(() => readTokens(dir)).toThrow(/ci/);
  });

  test("readTokens knows a directory without tokens", () => expect(readTokens(dir)).toEqual([]));
});

describe("removeToken", () => {
  test.each(["nobody", "../node-id"])("removeToken refuses %p", (name) => {
    writeFileSync(join(dir, "node-id"), "x");
    expect(() => removeToken(dir, name)).toThrow();
    expect(readdirSync(dir)).toEqual(["node-id"]);
  });
});
