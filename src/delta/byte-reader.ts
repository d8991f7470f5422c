/** Bytes that come in pieces. What is at hand is read without a call; an exhausted piece is replaced by the next. */
import { EmendError } from "../errors.ts";

/** A place in a stream of bytes. `chunk[at, chunk.length)` is at hand. */
export interface ByteReader {
  chunk: Uint8Array;
  at: number;
  /** What the stream holds, for messages: "extra". */
  readonly name: string;
  /** Replaces an exhausted chunk by the next one, which is not empty; false at the end of the stream. */
  refill(): boolean;
}

/** A stream that lies in memory. */
export function memoryReader(name: string, bytes: Uint8Array): ByteReader {
  return { name, chunk: bytes, at: 0, refill: () => false };
}

/** Makes sure that at least one byte is at hand. Throws `delta.truncated`. */
export function need(reader: ByteReader): void {
  if (reader.at < reader.chunk.length || reader.refill()) return;
  throw new EmendError("delta.truncated", `the ${reader.name} stream ends too early`);
}

/** The next `length` bytes, for short reads: a view where they are in one piece. Throws `delta.truncated`. */
export function readBytes(reader: ByteReader, length: number): Uint8Array {
  if (reader.chunk.length - reader.at >= length) {
    reader.at += length;
    return reader.chunk.subarray(reader.at - length, reader.at);
  }
  const bytes = new Uint8Array(length);
  readInto(reader, bytes, 0, length);
  return bytes;
}

/** Copies the next `length` bytes to `into` at `offset`. Throws `delta.truncated`. */
export function readInto(reader: ByteReader, into: Uint8Array, offset: number, length: number): void {
  let done = 0;
  while (done < length) {
    if (reader.at === reader.chunk.length) need(reader);
    const some = Math.min(length - done, reader.chunk.length - reader.at);
    into.set(reader.chunk.subarray(reader.at, reader.at + some), offset + done);
    reader.at += some;
    done += some;
  }
}

/** Whether the stream has ended; throws `delta.format` when it holds more than was asked for. */
export function expectEnd(reader: ByteReader): void {
  if (reader.at === reader.chunk.length && !reader.refill()) return;
  throw new EmendError("delta.format", `the ${reader.name} stream goes on after the last byte that is used`);
}
