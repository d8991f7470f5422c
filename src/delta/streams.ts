/** The six streams of a container: what the encoder puts into them, and how the patcher is fed from them. */
import { ByteWriter } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import type { Stretch } from "./align.ts";
import { type ByteReader, expectEnd } from "./byte-reader.ts";
import type { PatchRecord, PatchStreams } from "./patcher.ts";
import { Predictor } from "./predictor.ts";
import { fold, readVarint, tryReadVarint, unfold, writeVarint } from "./varint.ts";

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
    let previous = 0;
    for (let i = 0; i < add; i++) {
      const difference = (target[at + i]! - source[sourceOffset + i]!) & 0xff;
      const expected = predictor === undefined ? 0 : predictor.guess(sourceOffset + i, previous);
      if (difference === expected) skip++;
      else {
        writeVarint(skips, skip);
        changes.u8(difference);
        skip = 0;
      }
      predictor?.learn(difference);
      previous = difference;
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
  /** The difference of the byte before, in this record. */
  #previous = 0;

  constructor(streams: Record<StreamName, ByteReader>, source: Uint8Array, trust: Trust) {
    this.#streams = streams;
    this.extra = streams.extra;
    this.#predictor = trust === 0 ? undefined : new Predictor(source, trust);
  }

  nextRecord(record: PatchRecord): void | Promise<void> {
    const { adds, copies, seeks } = this.#streams;
    const [addsAt, copiesAt, seeksAt] = [adds.at, copies.at, seeks.at];
    const add = tryReadVarint(adds);
    const copy = add === undefined ? undefined : tryReadVarint(copies);
    const seek = copy === undefined ? undefined : tryReadVarint(seeks);
    if (add === undefined || copy === undefined || seek === undefined) {
      [adds.at, copies.at, seeks.at] = [addsAt, copiesAt, seeksAt];
      return this.#nextRecordSlowly(record);
    }
    record.add = add;
    record.copy = copy;
    record.seek = unfold(seek);
  }

  async #nextRecordSlowly(record: PatchRecord): Promise<void> {
    record.add = await readVarint(this.#streams.adds);
    record.copy = await readVarint(this.#streams.copies);
    record.seek = unfold(await readVarint(this.#streams.seeks));
  }

  addDifferences(
    target: Uint8Array,
    at: number,
    source: Uint8Array,
    from: number,
    length: number,
  ): void | Promise<void> {
    target.set(source.subarray(from, from + length), at);
    this.#previous = 0;
    return this.#change(target, at, from, length);
  }

  /** Applies the changes, expected and written down, that lie in `target[at, at + length)`. */
  #change(target: Uint8Array, at: number, from: number, length: number): void | Promise<void> {
    const { skips, changes } = this.#streams;
    let done = 0;
    for (;;) {
      if (this.#skip < 0) {
        const skip = tryReadVarint(skips);
        if (skip === undefined) return this.#changeSlowly(target, at + done, from + done, length - done);
        this.#skip = skip;
      }
      const change = this.#skip < length - done;
      if (change && changes.at === changes.chunk.length) {
        return this.#changeSlowly(target, at + done, from + done, length - done);
      }
      const run = Math.min(this.#skip, length - done);
      if (this.#predictor !== undefined) {
        this.#previous = this.#predictor.follow(target, at + done, from + done, run, this.#previous);
      }
      done += run;
      if (!change) {
        this.#skip -= run;
        return;
      }
      const difference = changes.chunk[changes.at++]!;
      if (this.#predictor !== undefined) {
        this.#predictor.guess(from + done, this.#previous);
        this.#predictor.learn(difference);
        this.#previous = difference;
      }
      target[at + done]! += difference;
      done++;
      this.#skip = -1;
    }
  }

  /** As `#change`, where a stream has to be waited for, or has ended: then all is as expected. */
  async #changeSlowly(target: Uint8Array, at: number, from: number, length: number): Promise<void> {
    const { skips, changes } = this.#streams;
    if (this.#skip < 0) {
      if (skips.at === skips.chunk.length && !(await skips.refill())) this.#skip = Number.POSITIVE_INFINITY;
      else this.#skip = await readVarint(skips);
    }
    if (this.#skip < length && changes.at === changes.chunk.length && !(await changes.refill())) {
      throw new EmendError("delta.truncated", "the changes stream ends before the skips");
    }
    await this.#change(target, at, from, length);
  }

  async finish(): Promise<void> {
    if (this.#skip >= 0 && Number.isFinite(this.#skip)) {
      throw new EmendError("delta.format", `a change ${this.#skip} bytes behind the end of the target`);
    }
    for (const name of streamNames) await expectEnd(this.#streams[name]);
  }
}
