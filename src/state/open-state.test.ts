import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EmendError } from "../errors.ts";
import { openState, type StateOptions } from "./open-state.ts";
import { readOperatorToken } from "./operator-token.ts";

let scratch = "";
let dir = "";
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "emend-state-"));
  dir = join(scratch, "a", "state");
});
afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

function open(options: Partial<StateOptions> = {}) {
  return openState({ dir, ephemeral: false, environment: {}, ...options });
}

function refusal(action: () => unknown): EmendError {
  try {
    action();
  } catch (error) {
    if (error instanceof EmendError) return error;
    throw error;
  }
  throw new Error("expected a refusal");
}

function inPlaceOf(path: string, make: (path: string) => void): void {
  rmSync(path, { recursive: true });
  make(path);
}

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe("openState", () => {
  test("openState makes an id and a token once, for its owner alone", () => {
    const first = open();
    expect(first.nodeId).toMatch(/^[0-9a-f]{32}$/);
    expect(first.token).toMatch(/^emend_[\w-]{43}$/);
    expect(first).toMatchObject({ tokenSource: "file", dir });
    expect([mode(dir), mode(join(dir, "token")), mode(join(dir, "node-id"))]).toEqual(["700", "600", "600"]);
    expect(open()).toEqual(first);
    expect(readdirSync(dir).sort()).toEqual(["node-id", "token"]);
  });

  test("openState takes EMEND_TOKEN over a kept token and keeps none of it", () => {
    const kept = open();
    const state = open({ environment: { EMEND_TOKEN: "chosen-by-the-operator" } });
    expect(state).toEqual({ ...kept, token: "chosen-by-the-operator", tokenSource: "environment" });
    expect(readFileSync(join(dir, "token"), "utf8")).toBe(`${kept.token}\n`);
  });

  test("openState keeps no token when it was given one", () => {
    open({ environment: { EMEND_TOKEN: "chosen-by-the-operator" } });
    expect(readdirSync(dir)).toEqual(["node-id"]);
  });

  test("openState in memory touches no disk and never repeats itself", () => {
    const [a, b] = [open({ ephemeral: true }), open({ ephemeral: true })];
    expect(existsSync(join(scratch, "a"))).toBe(false);
    expect(a).toMatchObject({ tokenSource: "in-memory", dir: null });
    expect(a.token).not.toBe(b.token);
    expect(a.nodeId).not.toBe(b.nodeId);
    const chosen = open({ ephemeral: true, environment: { EMEND_TOKEN: "chosen-by-the-operator" } });
    expect(chosen).toMatchObject({ token: "chosen-by-the-operator", tokenSource: "environment" });
  });

  test.each([
    ["empty", ""],
    ["short", "fifteen-letters"],
    ["with a space", "chosen by the operator"],
    ["with a line end", "chosen-by-the-operator\n"],
    ["not ASCII", "gewählt-von-der-Betreiberin"],
    ["huge", "x".repeat(513)],
  ])("openState refuses an EMEND_TOKEN that is %s, without repeating it", (_name, token) => {
    for (const ephemeral of [true, false]) {
      const error = refusal(() => open({ ephemeral, environment: { EMEND_TOKEN: token } }));
      expect(error.code).toBe("usage");
      expect(error.message).toContain(`got ${token.length} characters`);
      if (token !== "") expect(error.message).not.toContain(token);
    }
  });

  const broken: readonly [name: string, spoil: () => void, says: string][] = [
    [
      "an empty token file",
      () => writeFileSync(join(dir, "token"), ""),
      "token is damaged: expected emend_ and 43 characters, got nothing",
    ],
    [
      "a token file of garbage",
      () => writeFileSync(join(dir, "token"), "secret garbage"),
      "got 14 characters of something else",
    ],
    ["half a token", () => writeFileSync(join(dir, "token"), "emend_abc\n"), "token is damaged"],
    [
      "a huge token file",
      () => writeFileSync(join(dir, "token"), "x".repeat(5000)),
      "5000 bytes, expected at most 1024",
    ],
    ["a token that everybody may read", () => chmodSync(join(dir, "token"), 0o644), "mode 644, expected 600"],
    [
      "a token that everybody may replace",
      () => chmodSync(join(dir, "token"), 0o602),
      "mode 602, expected 600",
    ],
    [
      "a directory for a token",
      () => inPlaceOf(join(dir, "token"), (path) => mkdirSync(path)),
      "not a regular file",
    ],
    [
      "an empty node id",
      () => writeFileSync(join(dir, "node-id"), ""),
      "node-id is damaged: expected 32 hexadecimal digits, got 0 characters",
    ],
    [
      "a node id of garbage",
      () => writeFileSync(join(dir, "node-id"), "../../etc/passwd\n"),
      "node-id is damaged",
    ],
    [
      "a file for the directory",
      () => inPlaceOf(dir, (path) => writeFileSync(path, "")),
      "(a file is in its place)",
    ],
    [
      "a file above the directory",
      () => inPlaceOf(join(dir, ".."), (path) => writeFileSync(path, "")),
      "cannot make the state directory",
    ],
    [
      "a link to nowhere",
      () => inPlaceOf(dir, (path) => symlinkSync("/nowhere/at/all", path)),
      "cannot make the state directory",
    ],
  ];
  test.each(broken)("openState refuses %s and says what to do", (_name, spoil, says) => {
    open();
    spoil();
    const { code, message } = refusal(() => open());
    expect(code).toBe("io");
    expect(message).toContain(says);
    expect(message).toContain("--state DIR");
    expect(message).toContain("--ephemeral");
    expect(message).not.toContain("secret garbage");
  });

  // In /proc not even root may make a file or a directory.
  const hasProc = process.platform === "linux";
  if (!hasProc)
    console.log("open-state.test.ts: directories nobody may write to are skipped: there is no /proc");
  test.skipIf(!hasProc).each([
    ["made", "/proc/self/emend-state", "cannot make the state directory"],
    ["written to", "/proc/self", "cannot write /proc/self/node-id"],
  ])("openState refuses a directory that cannot be %s", (_name, path, says) => {
    const { code, message } = refusal(() => open({ dir: path }));
    expect(code).toBe("io");
    expect(message).toContain(says);
  });

  test("openState lets a group read the token", () => {
    const { token } = open();
    chmodSync(join(dir, "token"), 0o660);
    expect(open().token).toBe(token);
  });
});

describe("readOperatorToken", () => {
  test("readOperatorToken reads what a node keeps and makes nothing", () => {
    expect(readOperatorToken(dir)).toBeUndefined();
    expect(existsSync(dir)).toBe(false);
    const { token } = open();
    expect(readOperatorToken(dir)).toBe(token);
  });
});
