/** The contract of files, held by the trees in memory. */
import { createReadOnlyTree, createScratch, type OpenDirectory, OpenFile } from "../../src/wasi/index.ts";
import { describeFiles, type Seed } from "./files.ts";
import { linkCases } from "./link-cases.ts";
import { nameCases } from "./name-cases.ts";
import { writingCases } from "./writing-cases.ts";

const readOnlyCases = ["read-only: every change is refused, and changes nothing"];
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function fill(root: OpenDirectory, seed: Seed): void {
  for (const [path, text] of Object.entries(seed)) {
    const names = path.split("/");
    for (let depth = 1; depth < names.length; depth++) root.createDirectory(names.slice(0, depth).join("/"));
    const options = { follow: false, exclusive: false, truncate: false, directory: false, read: true };
    const file = root.open(path, { ...options, create: true, write: true, sync: "none" });
    if (!(file instanceof OpenFile)) throw new Error(`${path} could not be made`);
    file.write(bytes(text), 0);
    file.close();
  }
}

describeFiles(
  "a scratch",
  async (seed) => {
    const root = createScratch(16 << 20);
    fill(root, seed);
    return { root, dispose: () => root.close() };
  },
  { skip: [{ reason: "it is there to be written to", tests: readOnlyCases }] },
);

const sourcesOf = (seed: Seed): [path: string, content: Uint8Array][] =>
  Object.entries(seed).map(([path, text]) => [path, bytes(text)]);

const nothingChanges = {
  reason: "nothing in it changes",
  tests: [writingCases, nameCases, linkCases].flatMap((cases) => Object.keys(cases)),
};

describeFiles(
  "a read-only tree whose content is at hand",
  async (seed) => {
    const root = createReadOnlyTree(
      sourcesOf(seed).map(([path, content]) => ({ path, sizeBytes: content.length, content: () => content })),
    );
    return { root, dispose: () => root.close() };
  },
  { skip: [nothingChanges] },
);

describeFiles(
  "a read-only tree whose content comes later",
  async (seed) => {
    const root = createReadOnlyTree(
      sourcesOf(seed).map(([path, content]) => ({
        path,
        sizeBytes: content.length,
        content: async () => content,
      })),
    );
    return { root, dispose: () => root.close() };
  },
  { skip: [nothingChanges] },
);
