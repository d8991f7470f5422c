/**
 * Deltas against chance. Two properties: what diff makes, apply undoes; and whatever is done to a delta,
 * apply refuses it with a code or gives exactly the right bytes, within its memory and time.
 *
 * `EMEND_FUZZ_SEED` repeats a run, `EMEND_FUZZ_MUTATIONS` sets its length (1,000,000 in the long run).
 */
import { describe, expect, test } from "bun:test";
import { applyDelta, deltaFormats, diffDelta } from "../../src/delta/index.ts";
import { EmendError } from "../../src/errors.ts";
import { type Random, randomFile, randomPair, seededRandom } from "./delta-edits.ts";

const seed = Number(process.env.EMEND_FUZZ_SEED ?? Date.now() % 2 ** 31);
const mutations = Number(process.env.EMEND_FUZZ_MUTATIONS ?? 4000);
console.log(`delta fuzz: EMEND_FUZZ_SEED=${seed}, ${mutations} mutations`);

const module = (functions: number, constant: number): Uint8Array => {
  // type () -> i32, `functions` functions that return growing constants, each exported by nothing.
  const body = (i: number): number[] => [0x06, 0x00, 0x41, ...leb(1000 + i + constant), 0x0b];
  const bodies = Array.from({ length: functions }, (_, i) => body(i)).flat();
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f],
    ...[3, functions + 1, functions, ...Array.from({ length: functions }, () => 0)],
    ...[10, ...leb(bodies.length + 1), functions, ...bodies],
  ]);
};

/** Three bytes of signed LEB128, padded where fewer would do. */
function leb(value: number): number[] {
  return [(value & 0x7f) | 0x80, ((value >> 7) & 0x7f) | 0x80, (value >> 14) & 0x7f];
}

/** Applies, and returns the code of the refusal or "applied"; anything but the right bytes is an error. */
async function outcome(
  source: Uint8Array,
  delta: Uint8Array,
  target: Uint8Array,
  sha256?: string,
): Promise<string> {
  try {
    const applied = await applyDelta(source, delta, {
      targetBytesMax: 1024 * 1024,
      ...(sha256 !== undefined && { sha256 }),
    });
    if (Buffer.compare(applied.target, target) !== 0) throw new Error("wrong bytes were accepted");
    return "applied";
  } catch (thrown) {
    if (thrown instanceof EmendError && thrown.code.startsWith("delta.")) return thrown.code;
    throw thrown;
  }
}

const text = (n: number): string =>
  Array.from({ length: n }, (_, i) => `function f${i}(a){return a*${i}+1}\n`).join("");
const smallPairs: Readonly<Record<string, readonly [Uint8Array, Uint8Array]>> = {
  text: [
    new TextEncoder().encode(text(40)),
    new TextEncoder().encode(text(20).replaceAll("a*", "b*") + text(43)),
  ],
  module: [module(30, 0), module(33, 7)],
};

describe.each(deltaFormats)("%s", (format) => {
  const [source, target] = format === "emend-wasm" ? smallPairs.module! : smallPairs.text!;
  const made = diffDelta(source, target, { format });

  test("every truncation is refused, and every flipped bit is refused or harmless", async () => {
    const { delta, targetSha256 } = await made;
    for (let length = 0; length < delta.length; length++) {
      expect(await outcome(source, delta.slice(0, length), target, targetSha256)).not.toBe("applied");
    }
    for (let bit = 0; bit < 8 * delta.length; bit++) {
      const damaged = delta.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      await outcome(source, damaged, target, targetSha256);
    }
  }, 60_000);

  test("a right delta on a wrong source is refused", async () => {
    const { delta, sourceSha256, targetSha256 } = await made;
    const wrong = source.slice();
    wrong[3]! ^= 1;
    const options = format === "bsdiff40" ? { sourceSha256 } : {};
    await expect(applyDelta(wrong, delta, options)).rejects.toMatchObject({ code: "delta.source-hash" });
    expect(await outcome(source, delta, target, targetSha256)).toBe("applied");
  });

  test("mutated deltas are refused or harmless, in bounded time and memory", async () => {
    const { delta, targetSha256 } = await made;
    const random = seededRandom(seed);
    let slowestMs = 0;
    Bun.gc(true);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < mutations / deltaFormats.length; i++) {
      const startMs = performance.now();
      await outcome(source, mutate(delta, random), target, targetSha256);
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
    }
    Bun.gc(true);
    expect(slowestMs).toBeLessThan(2000);
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024);
  }, 3_600_000);
});

/** Long enough for streams that are inflated as they are used, piece by piece. */
describe.each(["emend-bsdiff", "endsley-gzip"] as const)("%s, streamed", (format) => {
  test("mutated deltas are refused or harmless", async () => {
    const random = seededRandom(seed);
    const source = randomFile(random, 100_000);
    const own = Uint8Array.from({ length: 200_000 }, () => 97 + random.below(16));
    const target = new Uint8Array([...source.subarray(50), ...own, ...source.subarray(0, 999)]);
    const { delta, targetSha256 } = await diffDelta(source, target, { format, effort: "fast" });
    for (let i = 0; i < mutations / 100; i++)
      await outcome(source, mutate(delta, random), target, targetSha256);
  }, 3_600_000);
});

/** A damaged copy: bits, bytes, numbers at the edges, pieces cut out, doubled or moved. */
function mutate(delta: Uint8Array, random: Random): Uint8Array {
  let bytes = delta.slice();
  for (let i = 1 + random.below(4); i > 0; i--) {
    const at = random.below(bytes.length);
    const length = random.below(Math.min(16, bytes.length - at));
    switch (random.below(6)) {
      case 0:
        bytes[at]! ^= 1 << random.below(8);
        break;
      case 1:
        bytes[at] = random.below(256);
        break;
      case 2:
        bytes.fill(random.pick([0, 0x7f, 0x80, 0xff]), at, at + 1 + length);
        break;
      case 3:
        bytes = new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
        break;
      case 4:
        bytes = new Uint8Array([...bytes.subarray(0, at + length), ...bytes.subarray(at)]);
        break;
      default:
        bytes.copyWithin(random.below(bytes.length), at, at + length);
    }
    if (bytes.length === 0) return bytes;
  }
  return bytes;
}

describe("apply undoes diff", () => {
  test.each(deltaFormats)(
    "%s, on random edits",
    async (format) => {
      const random = seededRandom(seed);
      for (let round = 0; round < 25; round++) {
        const [source, target] = randomPair(random, 3000);
        if (format === "emend-wasm") continue; // what is no module has no such delta: the pairs below are
        const { delta, sourceSha256 } = await diffDelta(source, target, { format });
        const applied = await applyDelta(source, delta, { sourceSha256 });
        expect(Buffer.compare(applied.target, target)).toBe(0);
      }
    },
    60_000,
  );

  test("emend-wasm, on modules of growing size", async () => {
    for (const [functions, constant] of [
      [2, 1],
      [20, 3],
      [60, 90],
    ] as const) {
      const [source, target] = [module(functions, 0), module(functions + 1, constant)];
      const { delta, format } = await diffDelta(source, target);
      expect(format).toBeOneOf(["emend-bsdiff", "emend-wasm"]);
      expect(Buffer.compare((await applyDelta(source, delta)).target, target)).toBe(0);
    }
  });

  test("equal inputs give equal bytes", async () => {
    const random = seededRandom(seed);
    const [source, target] = randomPair(random, 20_000);
    const deltas = await Promise.all([diffDelta(source, target), diffDelta(source.slice(), target.slice())]);
    expect(Buffer.compare(deltas[0].delta, deltas[1].delta)).toBe(0);
  });

  test("2 MB with streams that are inflated as they are used", async () => {
    const random = seededRandom(seed);
    const source = randomFile(random, 1_000_000);
    const target = new Uint8Array([
      ...source,
      ...Uint8Array.from({ length: 1_000_000 }, () => 97 + random.below(16)),
    ]);
    for (const format of ["emend-bsdiff", "endsley-gzip"] as const) {
      const { delta } = await diffDelta(source, target, { format });
      expect(Buffer.compare((await applyDelta(source, delta)).target, target)).toBe(0);
      expect(await outcome(source, delta.subarray(0, delta.length - 1), target)).not.toBe("applied");
    }
  }, 60_000);
});

/** 64 MB take half a minute and 1 GB: they are for the long run. */
test.skipIf(mutations < 1_000_000)(
  "apply undoes diff of 64 MB (with EMEND_FUZZ_MUTATIONS=1000000)",
  async () => {
    const random = seededRandom(seed);
    const source = new Uint8Array(64_000_000);
    for (let at = 0; at < source.length; at += 4000) source.set(randomFile(random, 4000), at);
    const target = source.slice(0, 63_000_000);
    target.copyWithin(10_000_000, 30_000_000, 45_000_000);
    for (let i = 0; i < 5000; i++) target[random.below(target.length)]! += 1 + random.below(255);
    const { delta } = await diffDelta(source, target, { format: "emend-bsdiff", effort: "fast" });
    expect(Buffer.compare((await applyDelta(source, delta)).target, target)).toBe(0);
    expect(delta.length).toBeLessThan(100_000);
  },
  600_000,
);

test("a pathological pair costs linear time: equal bytes against equal bytes with a mark", async () => {
  const source = new Uint8Array(2_000_000);
  const target = source.map((_, i) => (i % 1000 === 999 ? 1 : 0));
  const startMs = performance.now();
  const { delta } = await diffDelta(source, target, { format: "emend-bsdiff" });
  expect(performance.now() - startMs).toBeLessThan(20_000);
  expect(delta.length).toBeLessThan(10_000);
}, 60_000);
