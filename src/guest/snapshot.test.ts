import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { createRandom } from "../../test/support/random.ts";
import { clearBlockBytes, clearerOf } from "./clear-module.ts";
import { Snapshot, takeImage } from "./snapshot.ts";
import { type PageMap, TouchedPages } from "./touched-pages.ts";

const pageBytes = 65_536;

/** Where the kernel gives more than was asked for, more is touched. */
const hugePagesFile = "/sys/kernel/mm/transparent_hugepage/enabled";
const hugePages = existsSync(hugePagesFile) && readFileSync(hugePagesFile, "utf8").includes("[always]");

function memoryOf(pages: number): { memory: WebAssembly.Memory; bytes: Uint8Array<ArrayBuffer> } {
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

/** What a machine without a pagemap does. */
const noPageMap: PageMap = {
  addressOf: () => 4096,
  read: () => {
    throw new Error("ENOENT: no such file or directory, open '/proc/self/pagemap'");
  },
};
const kernelTells = existsSync("/proc/self/pagemap");
const mebibyte = 1024 * 1024;

describe("a Snapshot of a large memory", () => {
  const random = createRandom();
  const ways: readonly [name: string, pageMap: PageMap | undefined][] = [
    ["as this machine can", undefined],
    ["without a pagemap", noPageMap],
  ];
  test.each(ways)(`puts back every byte, %s, with many alive (EMEND_SEED=${random.seed})`, (_, pageMap) => {
    const subjects = Array.from({ length: 12 }, () => {
      const { memory, bytes } = memoryOf(16 + random.below(20));
      for (let i = random.below(4); i > 0; i--) {
        const at = random.below(bytes.length);
        bytes.fill(1 + random.below(255), at, at + random.pick([1, 300, 20_000]));
      }
      const snapshot = new Snapshot(memory, takeImage(memory, pageMap), pageMap);
      // Only now: a copy reads, and so touches, every page.
      return { bytes, before: bytes.slice(), snapshot };
    });
    for (let run = 0; run < 6; run++) {
      for (const { bytes, before, snapshot } of subjects) {
        const tracked = kernelTells && pageMap === undefined;
        if (!tracked || !hugePages) expect(snapshot.clearsTouchedOnly).toBe(tracked);
        for (let i = random.below(30); i > 0; i--) {
          const at = random.below(bytes.length);
          bytes.fill(random.below(256), at, at + random.pick([1, 16, 5000, 70_000]));
        }
        // Secrets at the very ends, where the next one would look for them.
        bytes[0] = bytes[bytes.length - 1] = 0xff;
        snapshot.restore();
        expect(Buffer.compare(bytes, before)).toBe(0);
      }
    }
  });

  test("is as it was where all of it is written, and where nothing is", () => {
    for (const fill of [0xff, undefined]) {
      const { memory, bytes } = memoryOf(64);
      const snapshot = new Snapshot(memory, takeImage(memory));
      if (fill !== undefined) bytes.fill(fill);
      snapshot.restore();
      expect(Buffer.compare(bytes, Buffer.alloc(bytes.length))).toBe(0);
    }
  });

  if (!kernelTells)
    console.log("snapshot.test.ts: touching little is skipped: this kernel does not tell pages");
  test.skipIf(!kernelTells)(
    "touches next to nothing, neither when it is taken nor when it is put back",
    () => {
      const { memory, bytes } = memoryOf(1024);
      bytes.fill(7, 1000, 9000);
      const snapshot = new Snapshot(memory, takeImage(memory));
      for (let run = 0; run < 3; run++) {
        for (let page = 0; page < 20; page++) bytes[page * 3 * mebibyte + 70_000] = 1;
        snapshot.restore();
      }
      const touched = TouchedPages.of(bytes)!;
      let count = 0;
      touched.update();
      touched.forEachIn(0, bytes.length, (start, end) => {
        count += (end - start) / clearBlockBytes;
      });
      // Three of data, 20 that were written, and three on which it was tried out whether touching shows.
      expect(hugePages ? count >= 23 : count === 26).toBe(true);
      expect(Buffer.compare(bytes.subarray(9000), Buffer.alloc(bytes.length - 9000))).toBe(0);
    },
  );

  test("leaves small ones to be read from end to end", () => {
    const { memory } = memoryOf(2);
    expect(new Snapshot(memory, takeImage(memory)).clearsTouchedOnly).toBe(false);
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
