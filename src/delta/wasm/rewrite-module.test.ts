import { describe, expect, test } from "bun:test";
import { ByteWriter } from "../../bytes/index.ts";
import { encodeSections, makeSection, sectionId } from "../../wasm/index.ts";
import { Piecewise } from "./piecewise.ts";
import { rewriteModule } from "./rewrite-module.ts";
import { spaceCount } from "./space.ts";

/** Adds `shift` to the values of every space from `from` up to `to`. */
const shifted = (from: number, to: number, shift: number): Piecewise[] =>
  Array.from(
    { length: spaceCount },
    () => new Piecewise(Float64Array.of(from, to), Float64Array.of(shift, 0)),
  );

const moduleOf = (
  code: readonly number[],
  data: readonly number[] = [],
  address = 1026,
): Uint8Array<ArrayBuffer> => {
  const body = new ByteWriter().u8(0, ...code, 0x0b).finish();
  const segment = new ByteWriter()
    .u8(1, 0, 0x41)
    .s32(address)
    .u8(0x0b)
    .u32(data.length)
    .raw(Uint8Array.from(data));
  return encodeSections([
    makeSection(sectionId.function, Uint8Array.of(1, 0)),
    makeSection(sectionId.code, new ByteWriter().u8(1).u32(body.length).raw(body).finish()),
    makeSection(sectionId.data, segment.finish()),
  ]).slice();
};

describe("rewriteModule", () => {
  const cases: readonly (readonly [string, number, readonly number[], readonly number[]])[] = [
    ["a call, from one byte to two", 200, [0x10, 5], [0x10, 0xcd, 0x01]],
    [
      "a call that its linker padded",
      200,
      [0x10, 0x85, 0x80, 0x80, 0x80, 0],
      [0x10, 0xcd, 0x81, 0x80, 0x80, 0],
    ],
    [
      "a padded call whose value fills the padding",
      2 ** 30,
      [0x10, 0x85, 0x80, 0x80, 0x80, 0],
      [0x10, 0x85, 0x80, 0x80, 0x80, 0x84, 0],
    ],
    ["a global and a type", 1, [0x23, 5, 0x11, 6, 0], [0x23, 6, 0x11, 7, 0]],
    ["a block type, which is signed", 60, [0x02, 5, 0x0b], [0x02, 0xc1, 0x00, 0x0b]],
    ["a block type that is no index", 60, [0x02, 0x40, 0x0b], [0x02, 0x40, 0x0b]],
    ["constants", 60, [0x41, 5, 0x42, 9], [0x41, 0xc1, 0x00, 0x42, 0xc5, 0x00]],
    [
      "an i64 of more than seven bytes",
      60,
      [0x42, 0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0],
      [0x42, 0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0],
    ],
    ["an offset behind a memory index", 3, [0x28, 0x42, 7, 5], [0x28, 0x42, 7, 8]],
    [
      "nothing of locals, labels, floats and lanes",
      3,
      [0x20, 5, 0x0c, 5, 0x43, 5, 5, 5, 5, 0xfd, 0x15, 5],
      [0x20, 5, 0x0c, 5, 0x43, 5, 5, 5, 5, 0xfd, 0x15, 5],
    ],
  ];
  for (const [name, shift, code, expected] of cases) {
    test(`maps ${name}, and back`, () => {
      const module = moduleOf(code);
      const rewritten = rewriteModule(module, shifted(5, 100, shift), "to-source", 200)!;
      expect(rewritten).toEqual(moduleOf(expected));
      expect(rewriteModule(rewritten, shifted(5 + shift, 100 + shift, -shift), "to-target", 200)).toEqual(
        module,
      );
    });
  }

  test("maps words of data at addresses divisible by four, and no part of one", () => {
    const [word, other] = [
      [7, 0, 0, 0],
      [9, 0, 0, 0],
    ];
    const module = moduleOf([], [7, 0, ...word, 7, 0, 1, 0, ...word, 7, 0, 0]);
    const rewritten = rewriteModule(module, shifted(5, 100, 2), "to-source", 200)!;
    expect(rewritten).toEqual(moduleOf([], [7, 0, ...other, 7, 0, 1, 0, ...other, 7, 0, 0]));
  });

  test("maps addresses of segments, and counts words from the target's address both ways", () => {
    const target = moduleOf([], [0, 0, 0, 9, 9, 9, 7, 0, 0, 0], 1026);
    const spaces = shifted(1000, 2000, -3);
    const rewritten = rewriteModule(target, spaces, "to-source", 200)!;
    expect(rewritten).toEqual(moduleOf([], [0, 0, 0, 9, 9, 9, 7, 0, 0, 0], 1023));
    const word = [0xec, 0x03, 0, 0];
    const pointing = moduleOf([], [1, 1, ...word, 1], 1026);
    const mapped = rewriteModule(pointing, spaces, "to-source", 200)!;
    expect(mapped).toEqual(moduleOf([], [1, 1, 0xe9, 0x03, 0, 0, 1], 1023));
    expect(rewriteModule(mapped, shifted(997, 1997, 3), "to-target", 200)).toEqual(pointing);
  });

  test("gives up, and writes nothing behind its room, when the result is longer", () => {
    const module = moduleOf([0x10, 5]);
    expect(rewriteModule(module, shifted(5, 100, 200), "to-source", module.length)).toBeUndefined();
    expect(rewriteModule(module, shifted(5, 100, 200), "to-source", module.length + 1)).toBeDefined();
    expect(rewriteModule(module, shifted(5, 100, 200), "to-source", 0)).toBeUndefined();
  });
});
