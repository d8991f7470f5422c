/**
 * One gzip member (RFC 1952) with emend's digests in its extra field:
 *
 *     subfield "EM", 64 bytes: SHA-256 of the source, SHA-256 of the target
 *
 * Written here because node:zlib writes no extra field; read here because it hides the header and
 * silently accepts what follows the member.
 */
import { ByteWriter } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import type { ByteReader } from "./byte-reader.ts";
import { inflate, inflateReader } from "./inflate.ts";
import { zlib } from "./zlib.ts";

const { crc32, deflateRawSync } = zlib;

const headBytes = 10;
const trailerBytes = 8;
const [flagHeaderCrc, flagExtra, flagName, flagComment] = [0x02, 0x04, 0x08, 0x10] as const;

export interface Digests {
  readonly source: Uint8Array;
  readonly target: Uint8Array;
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The member around `plain`: no name, no time, so that equal input gives equal bytes. */
export function gzipMember(plain: Uint8Array, digests: Digests): Uint8Array<ArrayBuffer> {
  const deflated = deflateRawSync(plain, { level: 9, memLevel: 9 });
  const to = new ByteWriter();
  to.u8(0x1f, 0x8b, 8, flagExtra, 0, 0, 0, 0, 2, 255);
  to.u8(68, 0).u8(0x45, 0x4d, 64, 0).raw(digests.source).raw(digests.target);
  to.raw(deflated);
  const trailer = new DataView(new ArrayBuffer(trailerBytes));
  trailer.setUint32(0, crc32(plain), true);
  trailer.setUint32(4, plain.length % 2 ** 32, true);
  return to.raw(new Uint8Array(trailer.buffer)).finish().slice();
}

/** What a member's header says, and where its compressed bytes are. Throws `delta.format`, `delta.truncated`. */
export function parseGzipHeader(bytes: Uint8Array): { digests: Digests | undefined; start: number } {
  const flags = bytes[3] ?? 0;
  if (!isGzip(bytes) || bytes[2] !== 8 || (flags & 0xe0) !== 0) {
    throw new EmendError("delta.format", "expected a gzip member of method 8");
  }
  let at = headBytes;
  let digests: Digests | undefined;
  if (flags & flagExtra) {
    const end = at + 2 + u16(bytes, at);
    digests = findDigests(bytes.subarray(at + 2, end));
    at = end;
  }
  for (const flag of [flagName, flagComment]) {
    if (!(flags & flag)) continue;
    const zero = bytes.indexOf(0, at);
    at = zero < 0 ? bytes.length : zero + 1;
  }
  if (flags & flagHeaderCrc) at += 2;
  if (at + trailerBytes > bytes.length) {
    throw new EmendError(
      "delta.truncated",
      `a gzip member of ${bytes.length} bytes is shorter than its header`,
    );
  }
  return { digests, start: at };
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

function findDigests(extra: Uint8Array): Digests | undefined {
  for (let at = 0; at + 4 <= extra.length; at += 4 + u16(extra, at + 2)) {
    if (extra[at] !== 0x45 || extra[at + 1] !== 0x4d || u16(extra, at + 2) !== 64) continue;
    if (at + 68 > extra.length) return undefined;
    return { source: extra.subarray(at + 4, at + 36), target: extra.subarray(at + 36, at + 68) };
  }
  return undefined;
}

/** A reader of the member's content; its CRC and length are checked when the end is reached. */
export function gunzipReader(name: string, bytes: Uint8Array, start: number): ByteReader & Disposable {
  const end = bytes.length - trailerBytes;
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + end, trailerBytes);
  const size = trailer.getUint32(4, true);
  let sum = 0;
  const reader = inflateReader(name, "deflate", bytes.subarray(start, end), size, () => {
    if (sum !== trailer.getUint32(0, true))
      throw new EmendError("delta.format", `the ${name} CRC does not match`);
  });
  const refill = reader.refill;
  reader.refill = () => {
    const more = refill.call(reader);
    if (more) sum = crc32(reader.chunk, sum);
    return more;
  };
  return reader;
}

/** The content of one member, which must be `size` bytes long. Throws `delta.format`, `delta.truncated`, `delta.bomb`. */
export function gunzip(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const { start } = parseGzipHeader(bytes);
  const end = bytes.length - trailerBytes;
  const content = inflate("gzip", "deflate", bytes.subarray(start, end), size);
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + end, trailerBytes);
  if (trailer.getUint32(0, true) !== crc32(content) || trailer.getUint32(4, true) !== size % 2 ** 32) {
    throw new EmendError("delta.format", "the gzip CRC or length does not match");
  }
  return content;
}
