import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { EmendError } from "../errors.ts";
import { decodeFull, encodeFull, type FullMethod, fullBytesMin, fullMethods } from "./full.ts";

const text = new TextEncoder().encode("all of it, whole and unabridged, again and again; ".repeat(40));
const encoders: Record<FullMethod, (bytes: Uint8Array) => Uint8Array> = {
  none: (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes),
  brotli: (bytes) => brotliCompressSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
};

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof EmendError) return error.code;
    throw error;
  }
  return "taken";
}

describe("decodeFull", () => {
  test.each(fullMethods)("gives back what %s made, also of nothing", (method) => {
    for (const bytes of [text, new Uint8Array()]) {
      expect(decodeFull(method, encoders[method](bytes), bytes.length)).toEqual(bytes);
    }
  });

  test("reads what encodeFull chose", () => {
    const { method, payload } = encodeFull(text);
    expect(decodeFull(method, payload, text.length)).toEqual(text);
  });

  test.each(fullMethods)("refuses %s of another length than stated", (method) => {
    const payload = encoders[method](text);
    const codes = [text.length - 1, text.length + 1].map((size) =>
      codeOf(() => decodeFull(method, payload, size)),
    );
    expect(codes).toEqual(
      method === "none" ? ["delta.bounds", "delta.bounds"] : ["delta.bomb", "delta.truncated"],
    );
  });

  test.each(["gzip", "brotli", "zstd"] as const)("refuses %s cut anywhere, and bytes behind it", (method) => {
    const payload = encoders[method](text);
    for (let length = 0; length < payload.length; length++) {
      expect(codeOf(() => decodeFull(method, payload.subarray(0, length), text.length))).not.toBe("taken");
    }
    expect(
      codeOf(() => decodeFull(method, Buffer.concat([payload, new Uint8Array(1)]), text.length)),
    ).not.toBe("taken");
  });

  test("refuses gzip whose checksum is wrong", () => {
    const payload = new Uint8Array(gzipSync(text));
    payload[payload.length - 8]! ^= 1;
    expect(codeOf(() => decodeFull("gzip", payload, text.length))).toBe("delta.format");
  });

  test("refuses a size that no file may have before it allocates", () => {
    expect(codeOf(() => decodeFull("zstd", encoders.zstd(text), 2 ** 40))).toBe("delta.bomb");
  });
});

describe("fullBytesMin", () => {
  const random = crypto.getRandomValues(new Uint8Array(40_000));
  const numbers = Array.from({ length: 20_000 }, (_, i) => Math.imul(i, 7919) % 1000).join(" ");
  test.each([
    ["nothing", new Uint8Array()],
    ["one byte", new Uint8Array(1)],
    ["zeros", new Uint8Array(1_000_000)],
    ["text", text],
    ["numbers", Buffer.from(numbers)],
    ["what cannot be compressed", random],
    ["the same, over and over", Buffer.concat(Array(25).fill(random))],
    ["a program", readFileSync(join(import.meta.dir, "directory.ts"))],
  ])("is below the smallest form of %s", (_, bytes) => {
    expect(fullBytesMin(bytes)).toBeLessThanOrEqual(encodeFull(bytes).payload.length);
  });
});
