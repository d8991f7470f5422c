/**
 * The number that a patch is signed with (release-and-patch, "Sequence and generation"): higher than any that the
 * nodes have seen, without a server that hands numbers out.
 *
 * What was signed last stands beside the key, in NAME.sequence: it belongs to the key, goes where the key goes, and
 * needs no directory of the user's, which a pipeline has not. Where it cannot be kept the clock has to do: it fails
 * only for two patches in one second, or when it was set back, and then a node says so (patch.sequence).
 */
import { readFileSync } from "node:fs";
import { EmendError, messageOf } from "../errors.ts";
import { replaceFile } from "./replace-file.ts";

/** How far ahead of the clock a sequence may be: a node could lie about its floor to use up the numbers. */
const aheadSecondsMax = 24 * 60 * 60;

export interface SequenceOptions {
  /** `--sequence`. */
  readonly asked: number | undefined;
  /** Of the node that the patch is made from; null without one. */
  readonly floor: number | null;
  /** What these keys signed last, 0 for nothing. */
  readonly last: number;
  readonly nowMs: number;
  readonly force: boolean;
}

/** The sequence to sign. Throws `patch.sequence` for one that the node would refuse, or too far ahead of the clock. */
export function chooseSequence({ asked, floor, last, nowMs, force }: SequenceOptions): number {
  const nowSeconds = Math.floor(nowMs / 1000);
  const sequence = asked ?? Math.max(nowSeconds, (floor ?? 0) + 1, last + 1);
  if (floor !== null && sequence <= floor) {
    throw new EmendError(
      "patch.sequence",
      `expected a sequence above ${floor}, the node's floor, found ${sequence}`,
    );
  }
  if (!Number.isSafeInteger(sequence)) {
    throw new EmendError("patch.sequence", `expected a sequence below 2^53, found ${sequence}`);
  }
  if (sequence <= nowSeconds + aheadSecondsMax || force) return sequence;
  const whence =
    asked !== undefined ? "--sequence" : sequence === last + 1 ? "this key's last patch" : "the node's floor";
  throw new EmendError(
    "patch.sequence",
    `${sequence}, from ${whence}, is more than a day ahead of the clock (${nowSeconds}): every later patch would have to ` +
      "be higher still; --force signs it all the same",
  );
}

/** The highest sequence that stands beside these keys, 0 without one. Throws `io` for a file that holds something else. */
export function lastSequence(keyFiles: readonly string[]): number {
  return Math.max(0, ...keyFiles.map((file) => readSequence(sequenceFileOf(file))));
}

/** Notes what was signed, before anybody can have it. What cannot be written is said by the answer, as a sentence. */
export function keepSequence(keyFiles: readonly string[], sequence: number): string[] {
  return keyFiles.flatMap((file) => {
    try {
      replaceFile(sequenceFileOf(file), new TextEncoder().encode(`${sequence}\n`));
      return [];
    } catch (error) {
      return [`the sequence was not kept beside the key: ${messageOf(error)}`];
    }
  });
}

function sequenceFileOf(keyFile: string): string {
  return `${keyFile.replace(/\.key$/, "")}.sequence`;
}

function readSequence(file: string): number {
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch {
    return 0;
  }
  const sequence = Number(text);
  if (/^[0-9]+$/.test(text) && Number.isSafeInteger(sequence)) return sequence;
  throw new EmendError(
    "io",
    `${file}: expected the sequence of the last patch, found something else; remove it`,
  );
}
