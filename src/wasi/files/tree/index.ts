export { createReadOnlyTree, growReadOnlyTree, type TreeSource } from "./read-only-tree.ts";
export { createScratch } from "./scratch.ts";
