export {
  type Abi,
  type AbiFunction,
  type AbiFunctions,
  abis,
  findAbi,
  findFunction,
  preview1,
} from "./abi.ts";
export { toByteString } from "./byte-strings.ts";
export type { HostCall, HostCalls } from "./calls/host-calls.ts";
export { bindCalls } from "./calls/index.ts";
export {
  type Answer,
  type DirectoryEntry,
  Failure,
  failureOfThrown,
  type HostFiles,
  loadHostFiles,
  OpenDirectory,
  OpenFile,
  OpenNode,
  type OpenOptions,
  type Result,
  type Stat,
  type Times,
  type Written,
} from "./files/index.ts";
export { createReadOnlyTree, createScratch, growReadOnlyTree, type TreeSource } from "./files/tree/index.ts";
export { emptyRun, type Preopen, type Run, reachesFiles, type Turns, WasiHost } from "./host.ts";
export type { Layout } from "./layout.ts";
export { closed, discardOutput, emptyInput, type Input, type Output, wouldBlock } from "./stream.ts";
