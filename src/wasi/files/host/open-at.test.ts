import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errno } from "../../errno.ts";
import { fileType } from "../../file-type.ts";
import { Failure } from "../answer.ts";
import type { OpenOptions } from "../open-directory.ts";
import { loadCLibrary } from "./c-library.ts";
import { listDirectory, typeOfEntry } from "./list-directory.ts";
import { lookAt, statOf } from "./look.ts";
import { openRegular, raced } from "./open-at.ts";

let root = "";
let directory = -1;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "emend-open-at-"));
  directory = openSync(root, "r");
});
afterEach(() => {
  closeSync(directory);
  rmSync(root, { recursive: true });
});

const reading: OpenOptions = {
  follow: false,
  create: false,
  exclusive: false,
  truncate: false,
  directory: false,
  read: true,
  write: false,
  sync: "none",
};
const unpinned = { pin: undefined };
const at = (name: string) => openRegular({ directory, name }, unpinned, reading);

describe("a file that could not be pinned is opened by its name", () => {
  test("and is a regular file still", () => {
    writeFileSync(join(root, "a.txt"), "a");
    const opened = at("a.txt");
    if (opened === raced || opened instanceof Failure) throw new Error("expected it to open");
    expect(statOf(opened.descriptor)).toMatchObject({ type: fileType.regularFile, sizeBytes: 1n });
    closeSync(opened.descriptor);
  });

  test("or has become something else: then its path is followed again", () => {
    mkdirSync(join(root, "directory"));
    symlinkSync("a.txt", join(root, "link"));
    expect([at("directory"), at("link")]).toEqual([raced, raced]);
  });

  test("or is gone", () => {
    expect(at("none")).toMatchObject({ errno: errno.noent });
  });
});

test("where a file system does not keep types beside names, what lies there is looked at", () => {
  mkdirSync(join(root, "directory"));
  symlinkSync("a.txt", join(root, "link"));
  expect(["directory", "link", "none"].map((name) => typeOfEntry(0, directory, name))).toEqual([
    fileType.directory,
    fileType.symbolicLink,
    fileType.unknown,
  ]);
  expect(typeOfEntry(8, directory, "none")).toBe(fileType.regularFile);
});

test("what is no directory cannot be listed, and what is not open not looked at", () => {
  writeFileSync(join(root, "a.txt"), "a");
  const file = openSync(join(root, "a.txt"), "r");
  expect(listDirectory(file)).toMatchObject({ errno: errno.notdir });
  closeSync(file);
  expect(statOf(1_000_000)).toMatchObject({ errno: errno.badf });
  expect(lookAt(directory, "none")).toMatchObject({ errno: errno.noent });
});

test.skipIf(process.platform === "darwin")("another platform's C library is not to be had", () => {
  expect(() => loadCLibrary("darwin")).toThrow("libSystem.B.dylib");
});
