/**
 * The site that an executable carries: a tail behind the program, which the system's loader never looks at. The
 * default binary and what `emend build` writes are made by this one mechanism.
 *
 * ```
 * offset    size   what
 * 0         R      the runtime: an ELF or Mach-O executable
 * R         …      the files' bytes, back to back, in the order and with the sizes of the index
 * …         …      those of rewritten modules, likewise
 * X         N      the index, UTF-8 JSON: payload-index.ts
 * X+N       64     the trailer, integers little-endian:
 *   +0      32       SHA-256 of the index
 *   +32     8        R, u64
 *   +40     8        X, u64
 *   +48     4        1, the version of this format, u32
 *   +52     12       "EMEND-SITE\r\n"
 * ```
 *
 * Nothing follows the trailer, so N is what lies between X and it. The index holds the SHA-256 of every file and
 * the trailer holds that of the index. These hashes find damage, not malice: who can write to the executable can
 * also replace the program in it.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type ListedFile, sha256Hex } from "../bytes/index.ts";
import type { SiteConfig } from "../config/index.ts";
import { EmendError } from "../errors.ts";
import { payloadIndexBytesMax } from "../limits.ts";
import { withIoErrors } from "./io-error.ts";
import {
  encodePayloadIndex,
  type PayloadIndex,
  parsePayloadIndex,
  type RewrittenEntry,
  type Runtime,
} from "./payload-index.ts";

const trailerBytes = 64;
const formatVersion = 1;
const magic = "EMEND-SITE\r\n";

/** A file of a payload and where its bytes begin, counted from the start of the executable. */
export type PayloadFile = ListedFile & { readonly offset: number };

/** A rewritten module of a payload, likewise. */
export type PayloadRewritten = RewrittenEntry & { readonly offset: number };

/** What an executable says about itself. `runtimeBytes` is its length without the payload. */
export type Payload = {
  readonly runtime: Runtime;
  readonly runtimeBytes: number;
  /** The content digest of the site. */
  readonly digest: string;
  readonly files: readonly PayloadFile[];
  /** The site's configuration, or null when the runtime has to read it from the files. */
  readonly config: SiteConfig | null;
  /** What was made of its modules, for the same build. */
  readonly rewritten: readonly PayloadRewritten[];
  /** Minisign public keys (`RWQ…`) that `emend build --key` put in: they may patch the site. */
  readonly operatorKeys: readonly string[];
};

/** Where an executable's bytes are (`/proc/self/exe`, say) and what messages call it. */
export type Executable = { readonly file: string; readonly name: string };

/**
 * Reads and checks trailer and index of an executable; the files' bytes are not touched.
 * Throws `io`, `payload.truncated`, `payload.format` and `payload.hash`.
 */
export function readPayload({ file, name }: Executable): Payload {
  const descriptor = withIoErrors("read", name, () => openSync(file, "r"));
  try {
    return withIoErrors("read", name, () => readPayloadOf(descriptor, name));
  } finally {
    closeSync(descriptor);
  }
}

/** The end of an executable whose runtime is `runtimeBytes` long and whose files' bytes are already written. */
export function encodePayloadEnd(payload: PayloadIndex & { readonly runtimeBytes: number }): Uint8Array {
  const index = encodePayloadIndex(payload);
  const end = new Uint8Array(index.length + trailerBytes);
  end.set(index);
  end.set(Buffer.from(sha256Hex(index), "hex"), index.length);
  const placed = [...payload.files, ...payload.rewritten];
  const indexOffset = placed.reduce((offset, { size }) => offset + size, payload.runtimeBytes);
  const trailer = new DataView(end.buffer, index.length);
  trailer.setBigUint64(32, BigInt(payload.runtimeBytes), true);
  trailer.setBigUint64(40, BigInt(indexOffset), true);
  trailer.setUint32(48, formatVersion, true);
  end.set(Buffer.from(magic, "latin1"), index.length + 52);
  return end;
}

function readPayloadOf(descriptor: number, name: string): Payload {
  const size = fstatSync(descriptor).size;
  checkProgram(descriptor, name);
  const { indexSha256, runtimeBytes, indexOffset } = readTrailer(descriptor, size, name);
  const bytes = readAt(descriptor, indexOffset, size - trailerBytes - indexOffset);
  const found = sha256Hex(bytes);
  if (found !== indexSha256) {
    throw new EmendError(
      "payload.hash",
      `${name}: the index of the embedded site is damaged: expected SHA-256 ${indexSha256}, found ${found}`,
    );
  }
  const index = parsePayloadIndex(bytes, name);
  let offset = runtimeBytes;
  const place = <Entry extends { readonly size: number }>(entry: Entry): Entry & { offset: number } => {
    const placed = { ...entry, offset };
    offset += entry.size;
    return placed;
  };
  const files = index.files.map(place);
  const rewritten = index.rewritten.map(place);
  if (offset !== indexOffset) {
    throw new EmendError(
      "payload.format",
      `${name}: the embedded files should end at byte ${indexOffset}, by their sizes they end at ${offset}`,
    );
  }
  return { ...index, runtimeBytes, files, rewritten };
}

/** A file that no system could start gets an error that says so, instead of one about tails. */
function checkProgram(descriptor: number, name: string): void {
  const head = Buffer.from(readAt(descriptor, 0, 4)).toString("hex");
  if (head === "7f454c46" || head === "cffaedfe") return;
  throw new EmendError(
    "payload.format",
    `${name}: expected an executable (ELF or 64-bit Mach-O), found a file that begins with the bytes ${head}`,
  );
}

type Trailer = { readonly indexSha256: string; readonly runtimeBytes: number; readonly indexOffset: number };

function readTrailer(descriptor: number, size: number, name: string): Trailer {
  const refuse = (what: string) =>
    new EmendError("payload.format", `${name}: the trailer of the embedded site is damaged: ${what}`);
  const trailer = Buffer.from(readAt(descriptor, Math.max(0, size - trailerBytes), trailerBytes));
  if (size < trailerBytes || trailer.toString("latin1", 52) !== magic) {
    throw new EmendError(
      "payload.truncated",
      `${name}: expected emend's trailer in the last ${trailerBytes} of its ${size} bytes, found none: ` +
        "the file is cut short, something was appended to it, or it was not made by emend build",
    );
  }
  const version = trailer.readUInt32LE(48);
  if (version !== formatVersion) {
    throw new EmendError(
      "payload.format",
      `${name}: expected an embedded site of format ${formatVersion}, found format ${version}: another version of emend wrote it`,
    );
  }
  const runtimeBytes = Number(trailer.readBigUInt64LE(32));
  const indexOffset = Number(trailer.readBigUInt64LE(40));
  const indexBytes = size - trailerBytes - indexOffset;
  if (runtimeBytes > indexOffset)
    throw refuse(`a runtime of ${runtimeBytes} bytes, an index at ${indexOffset}`);
  if (indexBytes < 0) throw refuse(`an index at byte ${indexOffset} of ${size}`);
  if (indexBytes > payloadIndexBytesMax) {
    throw refuse(`expected an index of at most ${payloadIndexBytesMax} bytes, found ${indexBytes}`);
  }
  return { indexSha256: trailer.toString("hex", 0, 32), runtimeBytes, indexOffset };
}

/** `length` bytes at `offset`, zeros where the file is shorter. */
function readAt(descriptor: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const read = readSync(descriptor, bytes, filled, length - filled, offset + filled);
    if (read === 0) break;
    filled += read;
  }
  return bytes;
}
