export {
  type Applied,
  type AppliedFormat,
  type ApplyOptions,
  applyDelta,
  type DeltaFormat,
  deltaFormats,
  describeDelta,
} from "./apply.ts";
export type { Effort } from "./coder.ts";
export { type Candidate, type Diff, type DiffOptions, diffDelta } from "./diff.ts";
export { diffFiles, type FileChange, type SetFile, type WhyFull } from "./directory.ts";
export { decodeFull, encodeFull, type FullMethod, fullMethods } from "./full.ts";
export { SourceIndex } from "./source-index.ts";
