import { expect, test } from "bun:test";
import { releaseOf } from "../../test/support/update-node.ts";
import { sha256Hex } from "../bytes/index.ts";
import { HeldFiles } from "./held-files.ts";
import { MemoryJournal } from "./journal.ts";

const bytes = new TextEncoder().encode("made by a patch");
const listed = { path: "public/a.txt", size: bytes.length, sha256: sha256Hex(bytes) };
const made = (): ReadonlyMap<string, Blob> => new Map([[listed.sha256, new Blob([bytes])]]);

test("a content that a second patch makes while the first one's is in memory is held once", () => {
  const held = new HeldFiles(
    new MemoryJournal(() => Promise.reject(new Error("nothing is asked of it")), "default"),
    releaseOf({ "public/a.txt": "the base" }),
  );
  const [first, second] = [made(), made()];
  held.add(first);
  expect(held.file(listed, first).blob).toBe(first.get(listed.sha256)!);
  held.add(second);
  expect(held.file(listed, second).blob).toBe(first.get(listed.sha256)!);
  held.prune(new Set(), new Set());
  expect(held.file(listed, second).blob).toBe(second.get(listed.sha256)!);
});
