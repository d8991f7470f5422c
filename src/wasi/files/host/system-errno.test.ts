import { describe, expect, test } from "bun:test";
import { constants } from "node:os";
import { errno } from "../../errno.ts";
import { failureOfNumber, failureOfThrown } from "./system-errno.ts";

const errnos: [name: keyof typeof constants.errno, expected: number][] = [
  ["ENOENT", errno.noent],
  ["EACCES", errno.acces],
  ["EPERM", errno.perm],
  ["EEXIST", errno.exist],
  ["ENOTDIR", errno.notdir],
  ["EISDIR", errno.isdir],
  ["ENOTEMPTY", errno.notempty],
  ["EXDEV", errno.xdev],
  ["ELOOP", errno.loop],
  ["ENAMETOOLONG", errno.nametoolong],
  ["ENOSPC", errno.nospc],
  ["EROFS", errno.rofs],
  ["EMFILE", errno.mfile],
  ["EOPNOTSUPP", errno.notsup],
  // Not what a file operation should end with.
  ["ECHILD", errno.io],
];

describe("failureOfNumber", () => {
  test.each(errnos)("%s is preview 1's errno %i", (name, expected) => {
    expect(failureOfNumber(constants.errno[name]).errno).toBe(expected);
  });

  test("takes a number that no system has for EIO", () => {
    expect(failureOfNumber(123_456).errno).toBe(errno.io);
  });
});

describe("failureOfThrown", () => {
  test.each(errnos)("%s is preview 1's errno %i", (name, expected) => {
    expect(failureOfThrown(Object.assign(new Error(name), { code: name })).errno).toBe(expected);
  });

  test("throws on what is no error of the system", () => {
    const bug = new TypeError("a bug of ours");
    expect(() => failureOfThrown(bug)).toThrow(bug);
  });
});
