export { type CollectedSite, collectDirectory } from "./collect.ts";
export { contentDigest, type ListedFile, sortedByPath } from "./file-list.ts";
export { openPayload, verifyPayload } from "./open-payload.ts";
export { checkPath, checkPaths } from "./path.ts";
export { type Executable, type Payload, type PayloadFile, readPayload } from "./payload.ts";
export type { Runtime } from "./payload-index.ts";
export type { Release, ReleaseFile } from "./release.ts";
export type { LeftOut } from "./walk.ts";
export { type Base, writePayload } from "./write-payload.ts";
