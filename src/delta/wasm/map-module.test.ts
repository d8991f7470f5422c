import { describe, expect, test } from "bun:test";
import { Cursor } from "../../bytes/index.ts";
import { decodeSections, sectionId } from "../../wasm/index.ts";
import { mapModule } from "./map-module.ts";
import { type Layout, plainLayout, randomOf, sampleModule } from "./sample-module-fixture.ts";
import { unmapModule } from "./unmap-module.ts";

const moved: Layout = {
  functionsBefore: 9,
  globalsBefore: 3,
  typesBefore: 5,
  dataBefore: 208,
  padded: false,
};

const moves: readonly (readonly [string, Layout, Layout])[] = [
  ["everything moved up", plainLayout, moved],
  ["everything moved down", moved, plainLayout],
  ["everything moved, padded", { ...plainLayout, padded: true }, { ...moved, padded: true }],
  ["only functions", plainLayout, { ...plainLayout, functionsBefore: 1 }],
  ["only data", plainLayout, { ...plainLayout, dataBefore: 64 }],
  [
    "only types, over the end of one byte",
    { ...plainLayout, typesBefore: 30 },
    { ...plainLayout, typesBefore: 60 },
  ],
];

describe("mapModule", () => {
  for (const [name, from, to] of moves) {
    test(`makes code equal that only moved: ${name}`, () => {
      const [source, target] = [sampleModule(from), sampleModule(to)];
      const mapped = mapModule(source, target)!;
      const before = differing(source, target);
      const after = differing(source, mapped.rewritten);
      expect(before).toBeGreaterThan(50);
      expect(after).toBeLessThan(before / 12);
      expect(mapped.maps.length).toBeLessThan(120);
      expect(Buffer.compare(unmapModule(mapped.rewritten, mapped.maps), target)).toBe(0);
    });
  }

  test("is undone exactly between any two layouts and programs", () => {
    const random = randomOf(20261123);
    const modules = Array.from({ length: 6 }, (_, i) =>
      sampleModule(
        {
          functionsBefore: random(40),
          globalsBefore: random(70),
          typesBefore: random(70),
          dataBefore: 4 * random(3000),
          padded: random(2) === 0,
        },
        1 + (i >> 1),
      ),
    );
    let mappings = 0;
    for (const source of modules) {
      for (const target of modules) {
        const mapped = mapModule(source, target);
        if (mapped === undefined) continue;
        mappings++;
        expect(Buffer.compare(unmapModule(mapped.rewritten, mapped.maps), target)).toBe(0);
      }
    }
    expect(mappings).toBeGreaterThan(20);
  }, 60_000);

  test("gives the same bytes each time", () => {
    const [source, target] = [sampleModule(plainLayout), sampleModule(moved)];
    expect(mapModule(source, target)).toEqual(mapModule(source, target)!);
  });

  const sample = sampleModule(plainLayout);
  const nothing: readonly (readonly [string, Uint8Array, Uint8Array])[] = [
    ["equal modules", sample, sample],
    ["no module as source", new Uint8Array(100), sample],
    ["no module as target", sample, new TextEncoder().encode("<html>")],
    ["an empty target", sample, new Uint8Array(0)],
    ["a module cut short", sample, sample.subarray(0, 3000)],
    ["modules without code", sample.subarray(0, 8), sample.subarray(0, 8)],
  ];
  for (const [name, source, target] of nothing) {
    test(`has nothing to gain from ${name}`, () => {
      expect(mapModule(source, target)).toBeUndefined();
    });
  }
});

/** Bodies and data words of `b` that `a` does not have. Only structure is read: a rewritten module may name what is not there. */
function differing(a: Uint8Array, b: Uint8Array): number {
  const pieces = (module: Uint8Array): string[] => {
    const sections = decodeSections(module);
    const payloadOf = (wanted: number): Uint8Array => sections.find(({ id }) => id === wanted)!.payload;
    const code = new Cursor(payloadOf(sectionId.code));
    const bodies = Array.from({ length: code.u32() }, () => code.take(code.u32()));
    const data = payloadOf(sectionId.data);
    const words = Array.from({ length: 780 }, (_, i) =>
      data.subarray(data.length - 12 - 4 * i, data.length - 8 - 4 * i),
    );
    const all: readonly Uint8Array[] = [...bodies, ...words];
    return all.map((piece) => Buffer.from(piece).toString("hex"));
  };
  const known = new Set(pieces(a));
  return pieces(b).filter((piece) => !known.has(piece)).length;
}
