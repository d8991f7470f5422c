import { describe, expect, test } from "bun:test";
import { Failure } from "../answer.ts";
import type { OpenDirectory } from "../open-directory.ts";
import { OpenFile } from "../open-file.ts";
import { createReadOnlyTree, type TreeSource } from "./read-only-tree.ts";

const reading = {
  follow: true,
  create: false,
  exclusive: false,
  truncate: false,
  directory: false,
  read: true,
  write: false,
  sync: "none",
} as const;

async function openFile(root: OpenDirectory, path: string): Promise<OpenFile | number> {
  const node = await root.open(path, reading);
  if (node instanceof Failure) return node.errno;
  if (!(node instanceof OpenFile)) throw new Error(`${path} is a directory`);
  return node;
}

/** A source that counts how often it is read. */
function counting(path: string, content: () => Uint8Array | Promise<Uint8Array>, sizeBytes = 3) {
  const source = { path, sizeBytes, reads: 0, content: () => content() };
  source.content = () => {
    source.reads++;
    return content();
  };
  return source satisfies TreeSource;
}

const abc = new TextEncoder().encode("abc");

describe("createReadOnlyTree", () => {
  test("asks for content when a file is opened, once for all who have it open, and lets it go behind the last", async () => {
    const source = counting("a/b", async () => abc);
    const root = createReadOnlyTree([source]);
    expect(await root.statAt("a/b", true)).toMatchObject({ sizeBytes: 3n, links: 1n, modifiedNs: 0n });
    expect(source.reads).toBe(0);
    const [one, two] = await Promise.all([openFile(root, "a/b"), openFile(root, "a/b")]);
    expect(source.reads).toBe(1);
    if (!(one instanceof OpenFile) || !(two instanceof OpenFile)) throw new Error("they should have opened");
    one.close();
    const into = new Uint8Array(5);
    expect([two.read(into, 1), Buffer.from(into).toString()]).toEqual([2, "bc\0\0\0"]);
    two.close();
    expect(await openFile(root, "a/b")).toBeInstanceOf(OpenFile);
    expect(source.reads).toBe(2);
  });

  const broken: [what: string, content: () => Uint8Array | Promise<Uint8Array>][] = [
    [
      "throws",
      () => {
        throw new Error("gone");
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error("gone");
      },
    ],
    ["is shorter than it was said", () => abc.subarray(1)],
    ["is longer than it was said, later", async () => new Uint8Array(4)],
  ];
  test.each(broken)(
    "content that %s is EIO, and is asked for again the next time",
    async (_what, content) => {
      let heals = false;
      const source = counting("a", () => (heals ? abc : content()));
      const root = createReadOnlyTree([source]);
      expect(await openFile(root, "a")).toBe(29);
      expect(await openFile(root, "a")).toBe(29);
      heals = true;
      expect(await openFile(root, "a")).toBeInstanceOf(OpenFile);
      expect(source.reads).toBe(3);
    },
  );

  test("an empty one is a directory without names", () => {
    expect(createReadOnlyTree([]).entries()).toEqual([]);
  });

  test("an empty file is one too", async () => {
    const root = createReadOnlyTree([{ path: "empty", sizeBytes: 0, content: () => new Uint8Array(0) }]);
    const file = await openFile(root, "empty");
    expect(file instanceof OpenFile && file.read(new Uint8Array(4), 0)).toBe(0);
  });

  test("a list that cannot be a tree is our mistake", () => {
    const file = (path: string): TreeSource => ({ path, sizeBytes: 3, content: () => abc });
    expect(() => createReadOnlyTree([file("a"), file("a")])).toThrow("invariant");
    expect(() => createReadOnlyTree([file("a"), file("a/b")])).toThrow("invariant");
  });
});
