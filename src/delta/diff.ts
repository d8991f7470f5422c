/**
 * Makes deltas. `auto` tries the formats that can win and takes the smallest; what is tried depends on
 * the sizes of the files, never on the clock, so equal inputs give equal bytes everywhere.
 */
import { sha256Hex } from "../bytes/index.ts";
import { EmendError, invariant } from "../errors.ts";
import { align, steadyCosts } from "./align.ts";
import { applyDelta, type DeltaFormat } from "./apply.ts";
import { encodeBsdiff40 } from "./bsdiff40.ts";
import type { Effort } from "./coder.ts";
import { type Draft, draftBody, encodeContainer } from "./container.ts";
import { encodeDictionary } from "./dictionary.ts";
import { encodeEndsley } from "./endsley.ts";
import { gzipMember } from "./gzip.ts";
import type { Head } from "./head.ts";
import { diffMemoryBytesMax, fileBytesMax } from "./limits.ts";
import { encodeModule } from "./module-container.ts";
import { SourceIndex } from "./source-index.ts";
import { mapModule } from "./wasm/index.ts";

export interface DiffOptions {
  /** `auto` (the default) takes the smallest of emend's own formats. */
  readonly format?: DeltaFormat | "auto";
  /** How hard to compress, `best` by default. */
  readonly effort?: Effort;
  /** An index of the source from an earlier diff. */
  readonly index?: SourceIndex;
  /** Memory that may be planned for, bytes. */
  readonly memoryBytesMax?: number;
  /** The moment, by `now`, after which the diff gives up with `delta.budget`. Milliseconds. */
  readonly deadlineMs?: number;
  /**
   * Called between steps with the share of the work done so far, 0 to 1. What the last step left behind is
   * garbage by then: up to ten times the files, which a caller who is short of memory may collect.
   */
  readonly onProgress?: (share: number) => void;
  /** A clock in milliseconds, for the times in `Diff.tried`. */
  readonly now?: () => number;
}

/** One format that was tried. */
export interface Candidate {
  readonly format: DeltaFormat;
  readonly size: number;
  readonly ms: number;
}

export interface Diff {
  readonly delta: Uint8Array<ArrayBuffer>;
  readonly format: DeltaFormat;
  /** In the order of trying; the taken one among them. */
  readonly tried: readonly Candidate[];
  readonly sourceSha256: string;
  readonly targetSha256: string;
}

/** A delta from `source` to `target`. Throws `delta.budget`. */
export async function diffDelta(
  source: Uint8Array,
  target: Uint8Array,
  options: DiffOptions = {},
): Promise<Diff> {
  checkBudget(source, target, options);
  const head: Head = {
    sourceDigest: sha256Hex(source),
    targetDigest: sha256Hex(target),
    sourceSize: source.length,
    targetSize: target.length,
  };
  const format = options.format ?? "auto";
  const formats = format === "auto" ? candidates(source, target) : [format];
  const steps = new Steps(formats, options);
  const work = new Work(source, target, head, steps, options);
  const tried: Candidate[] = [];
  let best: { format: DeltaFormat; delta: Uint8Array<ArrayBuffer> } | undefined;
  for (const candidate of formats) {
    steps.begin(candidate);
    const start = steps.now();
    const delta = encoders[candidate](work);
    if (delta === undefined) continue;
    tried.push({ format: candidate, size: delta.length, ms: steps.now() - start });
    if (best === undefined || delta.length < best.delta.length) best = { format: candidate, delta };
  }
  if (best === undefined) throw noDelta(format, source, target);
  // No delta leaves this room that has not been applied once.
  const applied = await applyDelta(source, best.delta, { knownSourceSha256: head.sourceDigest });
  invariant(applied.sha256 === head.targetDigest, `a ${best.format} delta makes its target`);
  options.onProgress?.(1);
  return { ...best, tried, sourceSha256: head.sourceDigest, targetSha256: head.targetDigest };
}

/** Why the one format that was asked for makes no delta of these files. */
function noDelta(format: DeltaFormat | "auto", source: Uint8Array, target: Uint8Array): EmendError {
  if (format === "emend-wasm") {
    return new EmendError(
      "delta.format",
      "expected two modules in which something moved for an emend-wasm delta",
    );
  }
  const sizes = `${source.length} and ${target.length} bytes`;
  return new EmendError("delta.budget", `files of ${sizes} are too long for ${format}`);
}

function checkBudget(source: Uint8Array, target: Uint8Array, options: DiffOptions): void {
  const longest = Math.max(source.length, target.length);
  if (longest > fileBytesMax) {
    throw new EmendError("delta.budget", `a file of ${longest} bytes, at most ${fileBytesMax}`);
  }
  // Source, suffix array, the sort's text and hash bits: 1 + 4 + 4 + 2. Target, its streams, the trial: 1 + 3 + 1.
  const plain = 11 * source.length + 5 * target.length;
  // Of each module its text and places, of both their votes: 7 in all.
  const mapping = isModule(source) && isModule(target) ? 7 * (source.length + target.length) : 0;
  const planned = plain + mapping;
  const most = options.memoryBytesMax ?? diffMemoryBytesMax;
  if (planned > most) {
    throw new EmendError("delta.budget", `this diff needs about ${planned} bytes of memory, at most ${most}`);
  }
}

/** How far the work is, and whether there is time for more of it. */
class Steps {
  readonly now: () => number;
  readonly #formats: readonly DeltaFormat[];
  readonly #options: DiffOptions;
  #candidate: DeltaFormat;

  constructor(formats: readonly DeltaFormat[], options: DiffOptions) {
    this.now = options.now ?? (() => performance.now());
    this.#formats = formats;
    this.#options = options;
    this.#candidate = formats[0]!;
  }

  begin(candidate: DeltaFormat): void {
    this.#candidate = candidate;
    this.done(0);
  }

  /** A step ends with which this share of the candidate's work is done. Throws `delta.budget`. */
  done(share: number): void {
    const { deadlineMs, onProgress } = this.#options;
    if (deadlineMs !== undefined && this.now() > deadlineMs) {
      throw new EmendError(
        "delta.budget",
        `the time for this diff was over in the midst of ${this.#candidate}`,
      );
    }
    onProgress?.((this.#formats.indexOf(this.#candidate) + share) / this.#formats.length);
  }
}

/** What the formats share: the index is made once, and so is the alignment. */
class Work {
  readonly source: Uint8Array;
  readonly target: Uint8Array;
  readonly head: Head;
  readonly effort: Effort;
  readonly steps: Steps;
  #index: SourceIndex | undefined;
  #stretches: ReturnType<typeof align> | undefined;

  constructor(source: Uint8Array, target: Uint8Array, head: Head, steps: Steps, options: DiffOptions) {
    this.source = source;
    this.target = target;
    this.head = head;
    this.effort = options.effort ?? "best";
    this.steps = steps;
    this.#index = options.index;
  }

  get index(): SourceIndex {
    if (this.#index === undefined) {
      this.#index = new SourceIndex(this.source);
      this.steps.done(0.3);
    }
    return this.#index;
  }

  get stretches(): ReturnType<typeof align> {
    if (this.#stretches === undefined) {
      this.#stretches = align(this.index, this.target);
      this.steps.done(0.6);
    }
    return this.#stretches;
  }

  /** Text often changes alike all over: worth a second alignment, which changes more and jumps less. */
  get draft(): Draft {
    const { source, target, index } = this;
    const draft = draftBody(source, target, this.stretches);
    this.steps.done(0.7);
    if (this.effort === "fast" || isModule(target)) return draft;
    const steady = draftBody(source, target, align(index, target, steadyCosts));
    this.steps.done(0.8);
    return steady.estimate < draft.estimate ? steady : draft;
  }
}

/** The formats that `auto` tries: mapping for modules, a dictionary for what is not too long. */
function candidates(source: Uint8Array, target: Uint8Array): DeltaFormat[] {
  if (isModule(source) && isModule(target)) return ["emend-bsdiff", "emend-wasm"];
  return ["emend-bsdiff", "zstd-dictionary"];
}

function isModule(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d;
}

const encoders: Record<DeltaFormat, (work: Work) => Uint8Array<ArrayBuffer> | undefined> = {
  "emend-bsdiff": ({ head, draft, effort }) => encodeContainer(head, draft, effort),
  "emend-wasm": ({ head, source, target, index, effort, steps }) => {
    const mapped = mapModule(source, target, (share) => steps.done(0.3 + 0.4 * share));
    if (mapped === undefined) return undefined;
    const stretches = align(index, mapped.rewritten);
    steps.done(0.8);
    const draft = draftBody(source, mapped.rewritten, stretches);
    return encodeModule(head, mapped, draft, effort);
  },
  "zstd-dictionary": ({ head, source, target }) => encodeDictionary(head, source, target),
  "endsley-gzip": ({ head, source, target, stretches }) =>
    gzipMember(encodeEndsley(source, target, stretches), {
      source: Uint8Array.fromHex(head.sourceDigest),
      target: Uint8Array.fromHex(head.targetDigest),
    }),
  bsdiff40: ({ source, target, stretches }) => encodeBsdiff40(source, target, stretches),
};
