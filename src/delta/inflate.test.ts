import { describe, expect, test } from "bun:test";
import { brotliCompressSync, constants, deflateRawSync, zstdCompressSync } from "node:zlib";
import { readInto } from "./byte-reader.ts";
import { type Deflation, inflate, inflateReader } from "./inflate.ts";
import { inflateChunkBytes } from "./limits.ts";

/** Longer than one piece, and not a multiple of it. */
const plain = Uint8Array.from({ length: 3 * inflateChunkBytes + 17 }, (_, i) => Math.imul(i, i >> 5) >> 3);

const forms: readonly { method: Deflation; coded: Uint8Array; empty: Uint8Array }[] = (
  [
    ["deflate", deflateRawSync],
    ["brotli", (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_LGWIN]: 17 } })],
    ["zstd", (bytes) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_windowLog]: 17 } })],
  ] as const satisfies readonly (readonly [Deflation, (bytes: Uint8Array) => Uint8Array])[]
).map(([method, encode]) => ({
  method,
  coded: new Uint8Array(encode(plain)),
  empty: new Uint8Array(encode(new Uint8Array(0))),
}));

/** Both ways to inflate: at once, and piece by piece to the end. */
const ways: Readonly<Record<string, typeof inflate>> = {
  inflate,
  inflateReader(name, method, bytes, size) {
    using reader = inflateReader(name, method, bytes, size);
    const result = new Uint8Array(size);
    readInto(reader, result, 0, size);
    expect(reader.refill()).toBe(false);
    expect(reader.refill()).toBe(false);
    return result;
  },
};

describe.each(Object.entries(ways))("%s", (_, run) => {
  test.each(forms)("gives the bytes of $method, also none", ({ method, coded, empty }) => {
    expect(Buffer.compare(run("x", method, coded, plain.length), plain)).toBe(0);
    expect(run("x", method, empty, 0)).toHaveLength(0);
  });

  test.each(forms)("refuses $method that is longer than expected", ({ method, coded }) => {
    for (const size of [0, 1, inflateChunkBytes, plain.length - 1]) {
      expect(() => run("x", method, coded, size)).toThrow(expect.objectContaining({ code: "delta.bomb" }));
    }
  });

  test.each(forms)("refuses $method that is shorter than expected", ({ method, coded }) => {
    expect(() => run("x", method, coded, plain.length + 1)).toThrow(
      expect.objectContaining({ code: "delta.truncated" }),
    );
  });

  test.each(forms)("refuses $method cut anywhere", ({ method, coded }) => {
    for (const length of [0, 1, 2, coded.length >> 1, coded.length - 1]) {
      const cut = coded.subarray(0, length);
      expect(() => run("x", method, cut, plain.length)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^delta\.(truncated|format)$/) }),
      );
    }
  });

  test.each(forms)("refuses bytes behind $method", ({ method, coded }) => {
    const longer = new Uint8Array([...coded, 1, 2, 3]);
    expect(() => run("x", method, longer, plain.length)).toThrow(
      expect.objectContaining({ code: "delta.format" }),
    );
  });

  test.each(forms)("refuses noise in the place of $method", ({ method }) => {
    const noise = Uint8Array.from({ length: 500 }, (_, i) => Math.imul(i + 7, 0x9e3779b1) >>> 24);
    expect(() => run("x", method, noise, plain.length)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^delta\./) }),
    );
  });
});

test("inflateReader hands out one buffer again and again", () => {
  const { method, coded } = forms[0]!;
  using reader = inflateReader("x", method, coded, plain.length);
  const buffers = new Set<ArrayBufferLike>();
  while (reader.refill()) {
    buffers.add(reader.chunk.buffer);
    reader.at = reader.chunk.length;
  }
  expect(buffers.size).toBe(1);
});
