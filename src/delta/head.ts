/**
 * The head that emend's own containers share: which format, between which files.
 *
 *     0   4  magic
 *     4  16  the first 16 bytes of the source's SHA-256
 *     20 16  the first 16 bytes of the target's SHA-256
 *     36     source size, target size: LEB128
 *
 * Half a digest is enough here: it tells a wrong source and a damaged delta from right ones. Whoever
 * may write the delta may write the digest too; trust comes from a signature over the whole file.
 */
import { ByteWriter } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import { memoryReader, readBytes } from "./byte-reader.ts";
import { readVarint, writeVarint } from "./varint.ts";

/** Bytes of a digest that a container carries. */
export const digestBytes = 16;

export interface Head {
  /** Lower-case hexadecimal, 2 × `digestBytes` digits. */
  readonly sourceDigest: string;
  readonly targetDigest: string;
  readonly sourceSize: number;
  readonly targetSize: number;
}

/** A writer that holds the magic and the head. `digests` are SHA-256, hexadecimal, and cut here. */
export function writeHead(magic: string, head: Head): ByteWriter {
  const to = new ByteWriter();
  to.raw(new TextEncoder().encode(magic));
  to.raw(Uint8Array.fromHex(head.sourceDigest.slice(0, 2 * digestBytes)));
  to.raw(Uint8Array.fromHex(head.targetDigest.slice(0, 2 * digestBytes)));
  writeVarint(to, head.sourceSize);
  writeVarint(to, head.targetSize);
  return to;
}

/** The head behind the magic (which the caller has seen) and the offset of what follows it. */
export function readHead(bytes: Uint8Array): { head: Head; end: number } {
  const reader = memoryReader("head", bytes);
  reader.at = 4;
  const digest = (): string => readBytes(reader, digestBytes).toHex();
  if (bytes.length < 4 + 2 * digestBytes + 2) {
    throw new EmendError("delta.truncated", `a delta of ${bytes.length} bytes is shorter than its head`);
  }
  const head = {
    sourceDigest: digest(),
    targetDigest: digest(),
    sourceSize: readVarint(reader),
    targetSize: readVarint(reader),
  };
  return { head, end: reader.at };
}
