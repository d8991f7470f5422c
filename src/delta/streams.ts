/** The six streams of a container: what the encoder puts into them, and how the patcher is fed from them. */
import { ByteWriter } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import type { Stretch } from "./align.ts";
import { type ByteReader, expectEnd } from "./byte-reader.ts";
import type { PatchRecord, PatchStreams } from "./patcher.ts";
import { Predictor } from "./predictor.ts";
import { matchLength } from "./source-index.ts";
import { fold, readVarint, unfold, writeVarint } from "./varint.ts";

export const streamNames = ["adds", "copies", "seeks", "skips", "changes", "extra"] as const;
export type StreamName = (typeof streamNames)[number];

/** Trust that guesses need (predictor.ts); 0: nothing is guessed, every difference is written down. */
export const trusts = [0, 1, 2] as const;
export type Trust = (typeof trusts)[number];

/** Lengths and seeks of the records, and the bytes that come from nowhere else. */
export function recordStreams(
  target: Uint8Array,
  stretches: readonly Stretch[],
): Record<"adds" | "copies" | "seeks" | "extra", Uint8Array> {
  const [adds, copies, seeks, extra] = [
    new ByteWriter(),
    new ByteWriter(),
    new ByteWriter(),
    new ByteWriter(),
  ];
  let at = 0;
  let from = 0;
  for (const { sourceOffset, add, copy } of stretches) {
    writeVarint(adds, add);
    writeVarint(copies, copy);
    writeVarint(seeks, fold(sourceOffset - from));
    from = sourceOffset + add;
    at += add;
    extra.raw(target.subarray(at, at + copy));
    at += copy;
  }
  return { adds: adds.finish(), copies: copies.finish(), seeks: seeks.finish(), extra: extra.finish() };
}

/** Differences that are not as expected: how many before each one are, and the difference itself. */
export function changeStreams(
  source: Uint8Array,
  target: Uint8Array,
  stretches: readonly Stretch[],
  trust: Trust,
): Record<"skips" | "changes", Uint8Array> {
  const [skips, changes] = [new ByteWriter(), new ByteWriter()];
  const predictor = trust === 0 ? undefined : new Predictor(source, trust);
  let at = 0;
  let skip = 0;
  for (const { sourceOffset, add, copy } of stretches) {
    predictor?.begin();
    for (let i = 0; ; i++) {
      const run =
        predictor === undefined
          ? matchLength(source, sourceOffset + i, target, at + i, 0, add - i)
          : predictor.agree(target, at + i, sourceOffset + i, add - i);
      skip += run;
      i += run;
      if (i === add) break;
      const difference = (target[at + i]! - source[sourceOffset + i]!) & 0xff;
      writeVarint(skips, skip);
      changes.u8(difference);
      skip = 0;
      predictor?.guess(sourceOffset + i);
      predictor?.learn(difference);
    }
    at += add + copy;
  }
  return { skips: skips.finish(), changes: changes.finish() };
}

/** Feeds the patcher from the streams. */
export class ContainerStreams implements PatchStreams {
  readonly seekFirst = true;
  readonly extra: ByteReader;
  readonly #streams: Record<StreamName, ByteReader>;
  readonly #predictor: Predictor | undefined;
  /** Added bytes that are as expected before the next change; unknown until it is first needed. */
  #skip = -1;

  constructor(streams: Record<StreamName, ByteReader>, source: Uint8Array, trust: Trust) {
    this.#streams = streams;
    this.extra = streams.extra;
    this.#predictor = trust === 0 ? undefined : new Predictor(source, trust);
  }

  nextRecord(record: PatchRecord): void {
    const { adds, copies, seeks } = this.#streams;
    record.add = readVarint(adds);
    record.copy = readVarint(copies);
    record.seek = unfold(readVarint(seeks));
  }

  addDifferences(target: Uint8Array, at: number, source: Uint8Array, from: number, length: number): void {
    target.set(source.subarray(from, from + length), at);
    const predictor = this.#predictor;
    predictor?.begin();
    let done = 0;
    for (;;) {
      if (this.#skip < 0) this.#skip = this.#nextSkip();
      const run = Math.min(this.#skip, length - done);
      predictor?.follow(target, at + done, from + done, run);
      done += run;
      if (done === length) {
        this.#skip -= run;
        return;
      }
      const difference = this.#nextChange();
      predictor?.guess(from + done);
      predictor?.learn(difference);
      target[at + done]! += difference;
      done++;
      this.#skip = -1;
    }
  }

  /** Added bytes before the next change; when no more come, all the rest is as expected. */
  #nextSkip(): number {
    const { skips } = this.#streams;
    if (skips.at === skips.chunk.length && !skips.refill()) return Number.POSITIVE_INFINITY;
    return readVarint(skips);
  }

  #nextChange(): number {
    const { changes } = this.#streams;
    if (changes.at === changes.chunk.length && !changes.refill()) {
      throw new EmendError("delta.truncated", "the changes stream ends before the skips");
    }
    return changes.chunk[changes.at++]!;
  }

  finish(): void {
    if (this.#skip >= 0 && Number.isFinite(this.#skip)) {
      throw new EmendError("delta.format", `a change ${this.#skip} bytes behind the end of the target`);
    }
    for (const name of streamNames) expectEnd(this.#streams[name]);
  }
}
