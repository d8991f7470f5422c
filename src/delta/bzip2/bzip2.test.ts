import { describe, expect, test } from "bun:test";
import { EmendError } from "../../errors.ts";
import { bunzip2 } from "./decode.ts";
import { bzip2 } from "./encode.ts";

const noise = Uint8Array.from({ length: 5000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24);
const contents: readonly (readonly [string, Uint8Array])[] = [
  ["nothing", new Uint8Array(0)],
  ["one byte", Uint8Array.of(0)],
  ...[3, 4, 5, 254, 255, 256, 258, 259, 510, 2000].map(
    (length) => [`${length} equal bytes`, new Uint8Array(length).fill(9)] as const,
  ),
  ["noise", noise],
  ["all bytes", Uint8Array.from({ length: 256 }, (_, i) => i)],
  ["a period", Uint8Array.from({ length: 3000 }, (_, i) => i % 7)],
  ["two blocks", Uint8Array.from({ length: 950_000 }, (_, i) => (i * 7919) >> 5)],
];

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof EmendError) return thrown.code;
    throw thrown;
  }
  return "accepted";
}

describe("bzip2", () => {
  test.each(contents)("round trip of %s", (_, bytes) => {
    expect(Buffer.compare(bunzip2("test", bzip2(bytes), bytes.length), bytes)).toBe(0);
  });

  test("writes the known stream of nothing", () => {
    expect(bzip2(new Uint8Array(0)).toHex()).toBe("425a683917724538509000000000");
  });
});

describe("bunzip2", () => {
  const coded = bzip2(noise);
  test("refuses more bytes than expected", () => {
    expect(codeOf(() => bunzip2("test", coded, noise.length - 1))).toBe("delta.bomb");
  });

  test("refuses trailing bytes", () => {
    expect(codeOf(() => bunzip2("test", new Uint8Array([...coded, 0]), noise.length))).toBe("delta.format");
  });

  test("refuses every truncation", () => {
    for (let length = 0; length < coded.length; length += 37) {
      const code = codeOf(() => bunzip2("test", coded.subarray(0, length), noise.length));
      expect(code).toBeOneOf(["delta.truncated", "delta.format"]);
    }
  });

  test("refuses a flipped bit wherever it counts, and never takes one for other bytes", () => {
    for (let bit = 0; bit < 8 * coded.length; bit += 211) {
      const damaged = coded.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      // The padding after the stream's CRC is nobody's; the block size in the head only bounds memory.
      const code = codeOf(() => {
        const bytes = bunzip2("test", damaged, noise.length);
        expect(Buffer.compare(bytes, noise)).toBe(0);
      });
      expect(code).toBeOneOf(["accepted", "delta.format", "delta.truncated", "delta.bomb"]);
    }
  });
});
