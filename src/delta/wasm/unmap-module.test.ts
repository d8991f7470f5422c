import { describe, expect, test } from "bun:test";
import { EmendError } from "../../errors.ts";
import { mapModule } from "./map-module.ts";
import { encodeMaps } from "./maps.ts";
import { Piecewise } from "./piecewise.ts";
import { plainLayout, randomOf, sampleModule } from "./sample-module-fixture.ts";
import { spaceCount } from "./space.ts";
import { unmapModule } from "./unmap-module.ts";

const target = sampleModule({
  functionsBefore: 4,
  globalsBefore: 3,
  typesBefore: 70,
  dataBefore: 96,
  padded: false,
});
const { rewritten, maps } = mapModule(sampleModule(plainLayout), target)!;

describe("unmapModule", () => {
  test("refuses maps cut anywhere", () => {
    for (let length = 0; length < maps.length; length++) {
      expect(outcome(rewritten, maps.subarray(0, length))).toBe("delta.format");
    }
  });

  test("refuses bytes behind the maps", () => {
    expect(outcome(rewritten, Uint8Array.of(...maps, 0))).toBe("delta.format");
  });

  test("refuses maps or gives some module of the size they say, whatever bit of them is flipped", () => {
    for (let bit = 0; bit < maps.length * 8; bit++) {
      const flipped = maps.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(["delta.format", "delta.bounds", "bytes"]).toContain(outcome(rewritten, flipped));
    }
  });

  test("refuses a module cut anywhere or gives some bytes", () => {
    for (let length = 0; length < rewritten.length; length += 37) {
      expect(["delta.format", "delta.bounds", "bytes"]).toContain(
        outcome(rewritten.subarray(0, length), maps),
      );
    }
  });

  test("stands any mutation of module and maps", () => {
    const seed = Number(Bun.env.FUZZ_SEED ?? 20261123);
    const rounds = Number(Bun.env.FUZZ_ROUNDS ?? 1500);
    const random = randomOf(seed);
    for (let round = 0; round < rounds; round++) {
      const [module, map] = [mutated(rewritten, random), random(3) === 0 ? maps : mutated(maps, random)];
      const got = outcome(module, map);
      if (!["delta.format", "delta.bounds", "bytes"].includes(got)) {
        throw new Error(`seed ${seed}, round ${round}: ${got}`);
      }
    }
  }, 600_000);

  test("refuses a size that no module of so many bytes can have", () => {
    const bomb = encodeMaps({ targetLength: 2 ** 40, spaces: noPieces });
    expect(outcome(rewritten, bomb)).toBe("delta.bounds");
  });

  test("refuses a size that is not the module's", () => {
    for (const targetLength of [rewritten.length - 1, rewritten.length + 1, 0]) {
      expect(outcome(rewritten, encodeMaps({ targetLength, spaces: noPieces }))).toBe("delta.bounds");
    }
  });

  test("refuses a count of pieces that its bytes cannot hold before it makes room for them", () => {
    expect(outcome(rewritten, Uint8Array.of(8, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0, 0, 1, 2))).toBe(
      "delta.format",
    );
  });

  test("looks values up in time that does not grow with the pieces", () => {
    // Half a megabyte of pieces, most of them in one bucket because the last is far away.
    const count = 100_000;
    const starts = Float64Array.from({ length: count }, (_, i) => (i < count - 1 ? i : 2 ** 48));
    const shifts = Float64Array.from({ length: count }, (_, i) => (i & 1) * 1000);
    const crowded = new Piecewise(starts, shifts);
    const hostile = encodeMaps({ targetLength: rewritten.length * 2, spaces: noPieces.map(() => crowded) });
    const began = performance.now();
    outcome(rewritten, hostile);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

const noPieces = Array.from(
  { length: spaceCount },
  () => new Piecewise(new Float64Array(0), new Float64Array(0)),
);

/** A code, `bytes`, or what went wrong; the result is never more than eight times as large. */
function outcome(module: Uint8Array, map: Uint8Array): string {
  try {
    const result = unmapModule(module, map);
    return result.length <= module.length * 8 ? "bytes" : `grew to ${result.length}`;
  } catch (thrown) {
    return thrown instanceof EmendError ? thrown.code : String(thrown);
  }
}

function mutated(bytes: Uint8Array, random: (n: number) => number): Uint8Array {
  const copy = bytes.slice();
  for (let edits = 1 + random(4); edits > 0; edits--) {
    const at = random(copy.length);
    const kind = random(4);
    if (kind === 0) copy[at]! ^= 1 << random(8);
    else if (kind === 1) copy[at] = [0, 0x7f, 0x80, 0xff][random(4)]!;
    else if (kind === 2) copy.copyWithin(at, random(copy.length), random(copy.length));
    else copy.fill(0xff, at, at + random(12));
  }
  return random(8) === 0 ? copy.subarray(0, random(copy.length)) : copy;
}
