/**
 * The holes that were found in other patchers, each by its name, against every format that could have
 * it. The deltas are built by hand: emend's encoders would never write them.
 */
import { describe, expect, test } from "bun:test";
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";
import { ByteWriter, sha256Hex } from "../bytes/index.ts";
import { EmendError } from "../errors.ts";
import { applyDelta } from "./apply.ts";
import { bzip2 } from "./bzip2/encode.ts";
import { writeHead } from "./head.ts";
import { writeOffset } from "./offset.ts";
import { fold, writeVarint } from "./varint.ts";

type Triple = readonly [add: number, copy: number, seek: number];

const source = new TextEncoder().encode("The quick brown fox jumps over the lazy dog.");

/** A delta of a format, from records whose differences are 0 and whose extra bytes are "x". */
interface Form {
  readonly name: string;
  readonly make: (records: readonly Triple[], size: number, tail?: Uint8Array) => Uint8Array;
}

function offsets(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  for (const [i, value] of values.entries()) writeOffset(bytes, 8 * i, value);
  return bytes;
}

const fill = (length: number, byte: number): Uint8Array =>
  new Uint8Array(Math.max(0, Math.min(length, 1000))).fill(byte);

function endsleyFile(
  records: readonly Triple[],
  size: number,
  tail: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const to = new ByteWriter().raw(new TextEncoder().encode("ENDSLEY/BSDIFF43")).raw(offsets(size));
  for (const [add, copy, seek] of records)
    to.raw(offsets(add, copy, seek))
      .raw(fill(add, 0))
      .raw(fill(copy, 0x78));
  return to.raw(tail).finish().slice();
}

function bsdiff40File(
  records: readonly Triple[],
  size: number,
  tail: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const [control, differences, extra] = [new ByteWriter(), new ByteWriter(), new ByteWriter()];
  for (const [add, copy, seek] of records) {
    control.raw(offsets(add, copy, seek));
    differences.raw(fill(add, 0));
    extra.raw(fill(copy, 0x78));
  }
  const [a, b, c] = [
    bzip2(control.finish()),
    bzip2(differences.finish().subarray(0, size)),
    bzip2(new Uint8Array([...extra.finish().subarray(0, size), ...tail])),
  ];
  return new ByteWriter()
    .raw(new TextEncoder().encode("BSDIFF40"))
    .raw(offsets(a.length, b.length, size))
    .raw(a)
    .raw(b)
    .raw(c)
    .finish()
    .slice();
}

function containerFile(
  records: readonly Triple[],
  size: number,
  tail: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const streams = Array.from({ length: 6 }, () => new ByteWriter());
  for (const [add, copy, seek] of records) {
    // A negative length has no form in this container: the nearest is a huge one.
    writeVarint(streams[0]!, add < 0 ? Number.MAX_SAFE_INTEGER : add);
    writeVarint(streams[1]!, copy < 0 ? Number.MAX_SAFE_INTEGER : copy);
    writeVarint(streams[2]!, fold(seek));
    streams[5]!.raw(fill(copy, 0x78));
  }
  streams[5]!.raw(tail);
  return containerOf(
    streams.map((stream) => stream.finish()),
    size,
  );
}

function containerOf(streams: readonly Uint8Array[], size: number): Uint8Array {
  const digest = sha256Hex(source);
  const head = {
    sourceDigest: digest,
    targetDigest: "00".repeat(32),
    sourceSize: source.length,
    targetSize: size,
  };
  const to = writeHead("EMB1", head).u8(0);
  for (const stream of streams) writeVarint(to, stream.length);
  for (const _ of streams) to.u8(1);
  for (const stream of streams) to.raw(stream);
  return to.finish().slice();
}

const forms: readonly Form[] = [
  { name: "endsley-gzip", make: (...of) => new Uint8Array(gzipSync(endsleyFile(...of))) },
  { name: "endsley", make: endsleyFile },
  {
    name: "endsley in bzip2",
    make: (...of) => {
      const file = endsleyFile(...of);
      return new Uint8Array(Buffer.concat([file.subarray(0, 24), bzip2(file.subarray(24))]));
    },
  },
  { name: "bsdiff40", make: bsdiff40File },
  { name: "emend-bsdiff", make: containerFile },
];

async function codeOf(delta: Uint8Array, options = {}): Promise<string> {
  try {
    await applyDelta(source, delta, options);
  } catch (thrown) {
    if (thrown instanceof EmendError) return thrown.code;
    throw thrown;
  }
  return "applied";
}

interface Hole {
  readonly hole: string;
  /** "add copy seek, …" */
  readonly records: string;
  /** The same for emend's container, whose seek stands before the addition, where that differs. */
  readonly own?: string;
  readonly size: number;
  readonly code: string;
}

const far = 2 ** 53 - 1;
const holes: readonly Hole[] = [
  { hole: "CVE-2014-9862: a negative length to add", records: "-1 10 0", size: 9, code: "delta.bounds" },
  { hole: "CVE-2014-9862: a negative length to copy", records: "10 -1 0", size: 9, code: "delta.bounds" },
  {
    hole: "CVE-2020-14315: a sum that overflows",
    records: `${far} ${far} 0`,
    size: 20,
    code: "delta.bounds",
  },
  { hole: "CVE-2020-14315: more to add than is left", records: "21 0 0", size: 20, code: "delta.bounds" },
  { hole: "CVE-2020-14315: more to copy than is left", records: "5 16 0", size: 20, code: "delta.bounds" },
  {
    hole: "FreeBSD bug 284472: a seek before the source",
    records: "5 0 -6, 5 0 0",
    own: "5 0 0, 5 0 -6",
    size: 10,
    code: "delta.bounds",
  },
  {
    hole: "FreeBSD bug 284472: a seek behind the source",
    records: "5 0 40, 5 0 0",
    own: "5 0 0, 5 0 40",
    size: 10,
    code: "delta.bounds",
  },
  {
    hole: "FreeBSD bug 284472: a seek that overflows",
    records: `5 0 ${far}, 5 0 0`,
    own: `5 0 0, 5 0 ${2 ** 51}`,
    size: 10,
    code: "delta.bounds",
  },
  {
    hole: "bytes to add from behind the source (some patchers read zeros)",
    records: `${source.length + 1} 0 0`,
    size: 100,
    code: "delta.bounds",
  },
  {
    hole: "seek-only records without end: more of them than bytes",
    records: `${"0 0 0, ".repeat(7)}5 0 0`,
    size: 5,
    code: "delta.bomb",
  },
  { hole: "no record for the rest of the target", records: "5 0 0", size: 6, code: "delta.truncated" },
];

function parseRecords(text: string): Triple[] {
  return text.split(", ").map((record) => record.split(" ").map(Number) as unknown as Triple);
}

describe.each(forms)("applyDelta of $name", ({ name, make }) => {
  test.each(holes)("refuses $hole", async ({ records, own, size, code }) => {
    const used = parseRecords(name === "emend-bsdiff" ? (own ?? records) : records);
    expect(await codeOf(make(used, size))).toBe(code);
  });

  test.each(["0 0 4, 5 0 0", "2 0 1, 0 0 1, 0 0 2, 3 0 0", `${"0 0 0, ".repeat(6)}5 0 0`])(
    "takes the records without progress of %s, as Debian's bsdiff writes them",
    async (records) => {
      // The container's own digest is of zeros: everything but the result was right.
      const code = name === "emend-bsdiff" ? "delta.result-hash" : "applied";
      expect(await codeOf(make(parseRecords(records), 5))).toBe(code);
    },
  );

  test("CVE-2020-25860: nothing comes between check and use: what is changed after the call does not count", async () => {
    const [delta, old] = [make([[5, 0, 0]], 5), source.slice()];
    const wanted = sha256Hex(source.subarray(0, 5));
    const applying = applyDelta(old, delta, { sourceSha256: sha256Hex(source) }).catch(
      (thrown) => thrown.code,
    );
    delta.fill(0xff);
    old.fill(0xff);
    // The container's own digest is of zeros.
    if (name === "emend-bsdiff") expect(await applying).toBe("delta.result-hash");
    else expect(await applying).toMatchObject({ sha256: wanted });
  });

  test("freebsd-update: what was made is refused unless it is what the caller's digest says", async () => {
    expect(await codeOf(make([[5, 0, 0]], 5), { sha256: sha256Hex("another file") })).toBe(
      "delta.result-hash",
    );
  });

  test("refuses trailing bytes in the last stream", async () => {
    expect(await codeOf(make([[5, 5, 0]], 10, Uint8Array.of(1)))).toBe("delta.format");
  });

  test("refuses a size that lies about the manifest's, before anything is allocated", async () => {
    expect(await codeOf(make([[5, 0, 0]], 5), { size: 6 })).toBe("delta.bounds");
    expect(await codeOf(make([[5, 0, 0]], 2 ** 40), {})).toBe("delta.bomb");
    expect(await codeOf(make([[5, 0, 0]], 5), { targetBytesMax: 4 })).toBe("delta.bomb");
  });

  test("refuses a wrong source by the caller's digest", async () => {
    const other = sha256Hex("another file");
    expect(await codeOf(make([[5, 0, 0]], 5), { sourceSha256: other })).toBe("delta.source-hash");
  });
});

describe("readOffset in a patch", () => {
  test.each([
    ["a negative zero", [0, 0, 0, 0, 0, 0, 0, 0x80]],
    ["two to the 53", [0, 0, 0, 0, 0, 0, 0x20, 0]],
    ["all bits", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ])("refuses %s", async (_, bytes) => {
    const delta = endsleyFile([[5, 0, 0]], 5);
    delta.set(bytes, 40);
    expect(await codeOf(delta)).toBe("delta.bounds");
  });
});

describe("inflation bombs", () => {
  const zeros = new Uint8Array(32 * 1024 * 1024);
  const blockOf = (coder: number, coded: Uint8Array, claimed: number): Uint8Array => {
    const head = {
      sourceDigest: sha256Hex(source),
      targetDigest: "00".repeat(32),
      sourceSize: source.length,
      targetSize: 5,
    };
    const to = writeHead("EMB1", head).u8(0);
    for (const length of [1, 1, 1, 0, 0, claimed]) writeVarint(to, length);
    to.u8(1, 1, 1, 1, 1, coder * 16 + 1);
    writeVarint(to, coded.length);
    return to.u8(5, 0, 0).raw(coded).finish().slice();
  };

  test.each([
    ["deflate", 1, new Uint8Array(gzipSync(zeros).subarray(10, -8))],
    [
      "brotli",
      2,
      new Uint8Array(
        brotliCompressSync(zeros, {
          params: { [constants.BROTLI_PARAM_LGWIN]: 17, [constants.BROTLI_PARAM_QUALITY]: 5 },
        }),
      ),
    ],
    ["zstd", 3, new Uint8Array(zstdCompressSync(zeros, { params: { [constants.ZSTD_c_windowLog]: 17 } }))],
  ])("a %s block that inflates to more than it claims is refused", async (_, coder, coded) => {
    expect(await codeOf(blockOf(coder, coded, 100))).toBe("delta.bomb");
  });

  test("a brotli stream that asks for a large window is refused", async () => {
    const coded = brotliCompressSync(zeros, {
      params: { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_QUALITY]: 5 },
    });
    expect(await codeOf(blockOf(2, new Uint8Array(coded), zeros.length))).toBe("delta.bomb");
  });

  test("a zstd stream that asks for a large window is refused", async () => {
    const coded = zstdCompressSync(zeros, { params: { [constants.ZSTD_c_windowLog]: 24 } });
    expect(await codeOf(blockOf(3, new Uint8Array(coded), zeros.length))).toBe("delta.format");
  });

  test("a gzip member whose record count never ends is left after its second idle record", async () => {
    const idle = Array.from({ length: 100_000 }, () => [0, 0, 0] as const);
    expect(await codeOf(new Uint8Array(gzipSync(endsleyFile(idle, 10))))).toBe("delta.bomb");
  });

  test("a gzip member with a wrong CRC, a wrong length or a second member behind it is refused", async () => {
    const member = new Uint8Array(gzipSync(endsleyFile([[5, 0, 0]], 5)));
    const flip = (at: number): Uint8Array =>
      member.map((byte, i) => (i === member.length + at ? byte ^ 1 : byte));
    expect(await codeOf(member)).toBe("applied");
    expect(await codeOf(flip(-8))).toBe("delta.format");
    expect(await codeOf(flip(-4))).toBeOneOf(["delta.bomb", "delta.truncated"]);
    expect(await codeOf(new Uint8Array([...member, ...member]))).toBeOneOf([
      "delta.format",
      "delta.bomb",
      "delta.truncated",
    ]);
  });
});

describe("containers with a table that lies", () => {
  const streams = [[5], [0], [0], [], [], []].map((bytes) => Uint8Array.from(bytes));
  const good = containerOf(streams, 5);
  const tableAt = 39;

  test.each([
    ["an unknown coder", tableAt + 6, 0xf1],
    ["a block of no stream", tableAt + 6, 0x00],
    ["a block of more streams than there are", tableAt + 6, 0x07],
    ["a stream longer than the file", tableAt, 0x50],
    ["a trust that does not exist", tableAt - 1, 3],
  ])("%s is refused", async (_, at, byte) => {
    const bad = good.slice();
    bad[at] = byte;
    expect(await codeOf(bad)).toBeOneOf(["delta.format", "delta.truncated"]);
  });

  test("a change behind the end of the target is refused", async () => {
    const late = [[5], [0], [0], [5], [1], []].map((bytes) => Uint8Array.from(bytes));
    expect(await codeOf(containerOf(late, 5))).toBe("delta.format");
  });

  test("more skips than changes, and more changes than skips, are refused", async () => {
    const skips = [[5], [0], [0], [1, 0], [1], []].map((bytes) => Uint8Array.from(bytes));
    const changes = [[5], [0], [0], [1], [1, 1], []].map((bytes) => Uint8Array.from(bytes));
    expect(await codeOf(containerOf(skips, 5))).toBe("delta.truncated");
    expect(await codeOf(containerOf(changes, 5))).toBe("delta.format");
  });

  test("a source of another size is refused before its digest is computed", async () => {
    const delta = containerOf(streams, 5);
    await expect(applyDelta(source.subarray(1), delta)).rejects.toThrow("expected 44");
  });
});

test("applyDelta refuses what is no delta", async () => {
  for (const text of [
    "",
    "E",
    "EMB",
    "EMB1",
    "EMW1",
    "EMZ1",
    "BSDIFF40",
    "ENDSLEY/BSDIFF43",
    "hello, world",
  ]) {
    expect(await codeOf(new TextEncoder().encode(text))).toBeOneOf(["delta.format", "delta.truncated"]);
  }
  expect(await codeOf(Uint8Array.of(0x1f, 0x8b))).toBeOneOf(["delta.format", "delta.truncated"]);
});
