import { describe, expect, test } from "bun:test";
import { createRandom } from "../../test/support/random.ts";
import { clearBlockBytes, clearerOf } from "./clear-module.ts";
import { Snapshot, takeImage } from "./snapshot.ts";

const pageBytes = 65_536;

function memoryOf(pages: number): { memory: WebAssembly.Memory; bytes: Uint8Array } {
  const memory = new WebAssembly.Memory({ initial: pages });
  return { memory, bytes: new Uint8Array(memory.buffer) };
}

describe("Snapshot", () => {
  const random = createRandom();
  test(`puts back every byte, whatever was there and whatever was written (EMEND_SEED=${random.seed})`, () => {
    for (let round = 0; round < 40; round++) {
      const { memory, bytes } = memoryOf(1 + random.below(3));
      const scribble = (times: number): void => {
        for (let i = 0; i < times; i++) {
          const at = random.below(bytes.length);
          bytes.fill(random.below(256), at, at + random.pick([1, 16, 300, 5000]));
        }
      };
      scribble(random.below(6));
      const before = bytes.slice();
      const snapshot = new Snapshot(memory, takeImage(memory));
      for (let run = 0; run < 5; run++) {
        scribble(random.below(20));
        expect(snapshot.fits).toBe(true);
        snapshot.restore();
        expect(Buffer.compare(bytes, before)).toBe(0);
      }
    }
  });

  test("shares an image between memories that began alike", () => {
    const [one, other] = [memoryOf(1), memoryOf(1)];
    for (const each of [one, other]) each.bytes.set([1, 2, 3], 5000);
    const image = takeImage(one.memory);
    other.bytes.fill(9);
    new Snapshot(other.memory, image).restore();
    expect(Buffer.compare(one.bytes, other.bytes)).toBe(0);
  });

  test("no longer fits a memory that has grown, with pages to begin with and without", () => {
    for (const pages of [0, 1]) {
      const { memory } = memoryOf(pages);
      const snapshot = new Snapshot(memory, takeImage(memory));
      expect(snapshot.fits).toBe(true);
      memory.grow(1);
      expect(snapshot.fits).toBe(false);
    }
  });

  test("keeps of an image only what is not zero", () => {
    const { memory, bytes } = memoryOf(2);
    bytes[pageBytes] = 1;
    const kept = takeImage(memory).pieces.reduce((sum, piece) => sum + (piece.bytes?.length ?? 0), 0);
    expect(kept).toBe(clearBlockBytes);
  });
});

describe("clearerOf", () => {
  test("finds a single byte wherever in a block it stands, and leaves its neighbours alone", () => {
    const { memory, bytes } = memoryOf(1);
    const clear = clearerOf(memory)!;
    const [start, end] = [clearBlockBytes, 3 * clearBlockBytes];
    for (let at = start; at < end; at++) {
      bytes[start - 1] = bytes[end] = 7;
      bytes[at] = 1;
      clear(start, end);
      expect([bytes[start - 1], bytes[at], bytes[end]]).toEqual([7, 0, 7]);
    }
    expect(bytes.findIndex((byte, index) => byte !== 0 && index >= start && index < end)).toBe(-1);
  });

  test("clears nothing of an empty range, and all of a memory", () => {
    const { memory, bytes } = memoryOf(2);
    const clear = clearerOf(memory)!;
    bytes.fill(1);
    clear(pageBytes, pageBytes);
    expect(bytes.every((byte) => byte === 1)).toBe(true);
    clear(0, bytes.length);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
  });
});
