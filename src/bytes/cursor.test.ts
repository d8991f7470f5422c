import { describe, expect, test } from "bun:test";
import { Cursor, DecodeError } from "./cursor.ts";

const over = (...bytes: number[]): Cursor => new Cursor(Uint8Array.from(bytes));

/** The error that `read` throws; a read that does not throw fails the test. */
function refusal(read: () => unknown): DecodeError {
  try {
    read();
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
  throw new Error("expected a DecodeError");
}

describe("Cursor.u32", () => {
  const values: [bytes: number[], value: number][] = [
    [[0x00], 0],
    [[0x7f], 127],
    [[0x80, 0x01], 128],
    [[0xe5, 0x8e, 0x26], 624_485],
    [[0xff, 0xff, 0xff, 0xff, 0x0f], 0xffff_ffff],
    [[0x80, 0x80, 0x80, 0x80, 0x08], 0x8000_0000],
    // Longer than needed, as linkers leave them behind for patching.
    [[0x83, 0x00], 3],
    [[0x80, 0x80, 0x80, 0x80, 0x00], 0],
    [[0xff, 0x80, 0x80, 0x80, 0x00], 127],
  ];
  for (const [bytes, value] of values) {
    test(`u32 reads ${bytes.join(" ")} as ${value} and stops behind it`, () => {
      const cursor = over(...bytes, 0xaa);
      expect([cursor.u32(), cursor.offset]).toEqual([value, bytes.length]);
    });
  }

  const refused: [name: string, bytes: number[]][] = [
    ["nothing", []],
    ["a byte that promises another", [0x80]],
    ["33 bits", [0xff, 0xff, 0xff, 0xff, 0x1f]],
    ["six bytes", [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
  ];
  for (const [name, bytes] of refused) {
    test(`u32 refuses ${name}`, () => {
      expect(refusal(() => over(...bytes).u32()).offset).toBeLessThanOrEqual(bytes.length);
    });
  }
});

describe("Cursor.s33", () => {
  const values: [bytes: number[], value: number][] = [
    [[0x00], 0],
    [[0x3f], 63],
    [[0x40], -64],
    [[0x7f], -1],
    [[0xff, 0x7f], -1],
    [[0xff, 0x00], 127],
    [[0xff, 0xff, 0xff, 0xff, 0x7f], -1],
    [[0xff, 0xff, 0xff, 0xff, 0x0f], 2 ** 32 - 1],
    [[0x80, 0x80, 0x80, 0x80, 0x70], -(2 ** 32)],
  ];
  for (const [bytes, value] of values) {
    test(`s33 reads ${bytes.join(" ")} as ${value}`, () => {
      const cursor = over(...bytes, 0xaa);
      expect([cursor.s33(), cursor.offset]).toEqual([value, bytes.length]);
    });
  }

  for (const bytes of [[0x80, 0x80, 0x80, 0x80, 0x10], [0x80, 0x80, 0x80, 0x80, 0x60], Array(6).fill(0x80)]) {
    test(`s33 refuses ${bytes.join(" ")}: more than 33 bits`, () => {
      expect(refusal(() => over(...bytes).s33()).message).toContain("longer than 33 bits at offset 0");
    });
  }
});

describe("Cursor", () => {
  const past: [name: string, read: (cursor: Cursor) => unknown][] = [
    ["u8 at the end", (c) => new Cursor(c.bytes, 2).u8()],
    ["skip beyond the end", (c) => c.skip(3)],
    ["take beyond the end", (c) => c.take(0xffff_ffff)],
    ["skipLeb over the end", (c) => c.skipLeb(5)],
    ["a name longer than the rest", (c) => new Cursor(Uint8Array.of(9, 0x61)).name() && c],
    ["a read beyond an inner end", (c) => new Cursor(c.bytes, 0, 1).skip(2)],
  ];
  for (const [name, read] of past) {
    test(`refuses ${name}`, () => {
      expect(refusal(() => read(over(0x80, 0x80)))).toBeInstanceOf(DecodeError);
    });
  }

  test("take is a view of the bytes, at their place", () => {
    const bytes = Uint8Array.of(1, 2, 3, 4);
    const taken = new Cursor(bytes, 1).take(2);
    expect([...taken, taken.buffer === bytes.buffer, taken.byteOffset]).toEqual([2, 3, true, 1]);
  });

  test("skipLeb steps over one integer and no longer one", () => {
    const cursor = over(0x80, 0x00, 0x05);
    cursor.skipLeb(5);
    expect(cursor.offset).toBe(2);
    expect(refusal(() => over(0x80, 0x80, 0x00).skipLeb(2)).message).toContain("longer than 2 bytes");
  });

  test("name keeps a byte order mark and refuses what is not UTF-8", () => {
    expect(over(4, 0xef, 0xbb, 0xbf, 0x61).name()).toBe("\ufeffa");
    expect(over(0).name()).toBe("");
    expect(refusal(() => over(2, 0xc3, 0x28).name()).message).toBe("a name that is not UTF-8 at offset 0");
  });
});
