/**
 * The difference between two sets of files, as a patch needs it: what is there already is kept, whatever
 * its name was; what resembles an old file is a delta against it; the rest is sent whole. For each file
 * the smaller of delta and whole is taken. Files come as digests and a way to read them, so that only
 * those in work are in memory.
 */
import { EmendError } from "../errors.ts";
import type { DeltaFormat } from "./apply.ts";
import { type DiffOptions, diffDelta } from "./diff.ts";
import { encodeFull, type FullMethod, fullBytesMin } from "./full.ts";
import { likeness, type Sketch, sketchOf } from "./sketch.ts";
import { SourceIndex } from "./source-index.ts";

export interface SetFile {
  readonly path: string;
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly read: () => Uint8Array;
}

/** How one file of the target comes about. */
export type FileChange = {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly ms: number;
} & ({ readonly op: "keep" } | Change);

/** What has to be sent for a file. */
type Change =
  | {
      readonly op: "delta";
      /** SHA-256 of the old file, and the path it had. */
      readonly source: string;
      readonly sourcePath: string;
      readonly method: DeltaFormat;
      readonly payload: Uint8Array<ArrayBuffer>;
    }
  | {
      readonly op: "full";
      readonly method: FullMethod;
      readonly payload: Uint8Array<ArrayBuffer>;
      readonly why: WhyFull;
    };

/**
 * Why a file is sent whole: no old file is like it; the delta from `sourcePath` would not be smaller; or there was
 * neither time nor memory for that delta. A fallback that nobody is told of is the commonest mistake of update tools.
 */
export type WhyFull =
  | { readonly reason: "unlike" }
  | { readonly reason: "larger"; readonly sourcePath: string; readonly deltaBytes: number }
  | { readonly reason: "budget"; readonly sourcePath: string; readonly message: string };

/** An old file from which deltas are made. */
type OldFile = { readonly file: SetFile; readonly bytes: Uint8Array; readonly index: SourceIndex };

/** Files less alike than this are not diffed. */
const likenessMin = 0.02;
/** How much more alike a file of another name must be to be preferred. */
const likenessOfName = 0.1;

/**
 * How `targets` come about from `sources`, in the order of `targets`. Deterministic.
 *
 * @param options `onProgress` is called with the share of bytes done.
 */
export async function diffFiles(
  sources: readonly SetFile[],
  targets: readonly SetFile[],
  options: Pick<DiffOptions, "deadlineMs" | "memoryBytesMax" | "onProgress" | "now"> = {},
): Promise<FileChange[]> {
  const now = options.now ?? (() => performance.now());
  const held = new Set(sources.map(({ sha256 }) => sha256));
  const old = new OldFiles(sources);
  const total = targets.reduce((sum, { sha256, size }) => (held.has(sha256) ? sum : sum + size), 0);
  const changes: FileChange[] = [];
  /** Equal new files are made once: the later ones are kept from the first. */
  const made = new Set<string>();
  let done = 0;
  for (const { path, size, sha256, read } of targets) {
    const start = now();
    const named = { path, size, sha256 };
    if (held.has(sha256) || made.has(sha256)) {
      changes.push({ ...named, op: "keep", ms: now() - start });
      continue;
    }
    made.add(sha256);
    const target = read();
    const source = old.nearest(path, target);
    const onProgress = (share: number): void =>
      options.onProgress?.((done + share * size) / Math.max(1, total));
    const change = await changeFrom(source, target, { ...options, onProgress });
    changes.push({ ...named, ...change, ms: now() - start });
    done += size;
    options.onProgress?.(done / Math.max(1, total));
  }
  return changes;
}

/**
 * The smaller of the delta and the whole; a delta for which there is no budget counts as larger. The whole is not
 * made where the delta is smaller than it could be.
 */
async function changeFrom(
  source: OldFile | undefined,
  target: Uint8Array,
  options: DiffOptions,
): Promise<Change> {
  const whole = (why: WhyFull): Change => ({ op: "full", ...encodeFull(target), why });
  if (source === undefined) return whole({ reason: "unlike" });
  const sourcePath = source.file.path;
  try {
    const { delta, format } = await diffDelta(source.bytes, target, { ...options, index: source.index });
    const { sha256 } = source.file;
    const change: Change = { op: "delta", source: sha256, sourcePath, method: format, payload: delta };
    if (delta.length < fullBytesMin(target)) return change;
    const full = whole({ reason: "larger", sourcePath, deltaBytes: delta.length });
    return delta.length < full.payload.length ? change : full;
  } catch (error) {
    if (!(error instanceof EmendError) || error.code !== "delta.budget") throw error;
    return whole({ reason: "budget", sourcePath, message: error.message });
  }
}

/** The old files, with the sketches of those that were looked at and the index of the last one used. */
class OldFiles {
  readonly #files: readonly SetFile[];
  readonly #sketches = new Map<SetFile, Sketch>();
  #last: OldFile | undefined;

  constructor(files: readonly SetFile[]) {
    this.#files = files;
  }

  /** The old file from which `target` is best made, if any is like it. */
  nearest(path: string, target: Uint8Array): OldFile | undefined {
    const sketch = sketchOf(target);
    let best: SetFile | undefined;
    let bestLikeness = likenessMin;
    for (const file of this.#files) {
      // A file of the same name is the natural source, even when little of it is left.
      const bonus = file.path === path ? likenessOfName : 0;
      const alike = likeness(sketch, this.#sketchOf(file)) + bonus;
      if (alike > bestLikeness) [best, bestLikeness] = [file, alike];
    }
    if (best === undefined) return undefined;
    if (this.#last?.file !== best) {
      const bytes = best.read();
      this.#last = { file: best, bytes, index: new SourceIndex(bytes) };
    }
    return this.#last;
  }

  #sketchOf(file: SetFile): Sketch {
    let sketch = this.#sketches.get(file);
    if (sketch === undefined) {
      sketch = sketchOf(file.read());
      this.#sketches.set(file, sketch);
    }
    return sketch;
  }
}
