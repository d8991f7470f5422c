import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { createRandom } from "../../test/support/random.ts";
import { type PageMap, TouchedPages } from "./touched-pages.ts";

const pageBytes = 4096;
const memoryBytes = (wasmPages: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new WebAssembly.Memory({ initial: wasmPages }).buffer);

/** Where the kernel gives more than was asked for, more is touched. */
const hugePagesFile = "/sys/kernel/mm/transparent_hugepage/enabled";
const hugePages = existsSync(hugePagesFile) && readFileSync(hugePagesFile, "utf8").includes("[always]");

/** A kernel as the test wants it: an entry for each page. */
class ScriptedPages implements PageMap {
  readonly entries: BigUint64Array;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  address = 16 * pageBytes;
  /** Whether the page that is tried out shows as touched then. */
  shows = true;
  /** Bytes that a read of as many gives. */
  cut = (length: number): number => length;

  constructor(bytes: Uint8Array<ArrayBuffer>, entries: readonly bigint[]) {
    this.#bytes = bytes;
    this.entries = BigUint64Array.from(entries);
  }

  addressOf(bytes: Uint8Array): number {
    expect(bytes).toBe(this.#bytes);
    return this.address;
  }

  read(into: Uint8Array, offset: number): number {
    const first = offset - (this.address / pageBytes) * 8;
    const all = new Uint8Array(this.entries.buffer);
    into.set(all.subarray(first, first + this.cut(into.length)));
    // The only page that is looked at alone is the one that was just tried out.
    if (into.length > 8) this.#touchWhatIsTriedOut();
    return this.cut(into.length);
  }

  #touchWhatIsTriedOut(): void {
    const last = this.entries.findLastIndex((entry) => entry >> 61n === 0n);
    if (this.shows && last >= 0) this.entries[last] = 1n << 63n;
  }
}

const present = 1n << 63n;
const ranges = (touched: TouchedPages, start: number, end: number): [number, number][] => {
  const found: [number, number][] = [];
  touched.forEachIn(start * pageBytes, end * pageBytes, (from, to) => {
    found.push([from / pageBytes, to / pageBytes]);
  });
  return found;
};

describe("TouchedPages", () => {
  const entries: readonly [name: string, entry: bigint, touched: boolean][] = [
    ["nothing", 0n, false],
    ["soft-dirty and nothing else (a hole)", 1n << 55n, false],
    ["exclusive, write-protected, a frame's number, but nothing there", (1n << 57n) - 1n, false],
    ["the reserved bits", 0b1111n << 57n, false],
    ["present", present, true],
    ["present, its number hidden from the unprivileged", present | (1n << 55n), true],
    ["swapped, or under migration", 1n << 62n, true],
    ["a page of a file", 1n << 61n, true],
    ["all of it", (1n << 64n) - 1n, true],
  ];
  test.each(entries)("takes an entry that says %s for touched or not", (_, entry, touched) => {
    const bytes = memoryBytes(1);
    const kernel = new ScriptedPages(bytes, [entry, ...Array<bigint>(14).fill(present), 0n]);
    const pages = TouchedPages.of(bytes, kernel)!;
    kernel.shows = false;
    pages.update();
    expect(pages.has(0)).toBe(touched);
    expect(ranges(pages, 0, 1)).toEqual(touched ? [[0, 1]] : []);
  });

  const random = createRandom();
  test(`visits every touched page of a range once, in runs (EMEND_SEED=${random.seed})`, () => {
    const bytes = memoryBytes(2);
    for (let round = 0; round < 200; round++) {
      const density = 1 + random.below(8);
      const kernel = new ScriptedPages(
        bytes,
        Array.from({ length: 32 }, () => (random.below(density) === 0 ? present : 0n)),
      );
      kernel.entries[31] = 0n;
      const pages = TouchedPages.of(bytes, kernel)!;
      kernel.shows = false;
      pages.update();
      const start = random.below(32);
      const end = start + random.below(33 - start);
      const visited = ranges(pages, start, end).flatMap(([from, to]) =>
        Array.from({ length: to - from }, (_, index) => from + index),
      );
      const touched = [...kernel.entries.keys()].filter((page) => kernel.entries[page] === present);
      expect(visited).toEqual(touched.filter((page) => page >= start && page < end));
    }
  });

  test("takes all for touched when the kernel tells less than asked, or nothing any more", () => {
    const bytes = memoryBytes(1);
    for (const cut of [
      () => 0,
      (length: number) => length - 8,
      () => {
        throw new Error("EIO");
      },
    ]) {
      const kernel = new ScriptedPages(bytes, Array<bigint>(16).fill(0n));
      const pages = TouchedPages.of(bytes, kernel)!;
      pages.update();
      expect(pages.has(0)).toBe(false);
      kernel.cut = cut;
      pages.update();
      expect(ranges(pages, 0, 16)).toEqual([[0, 16]]);
    }
  });

  const unusable: readonly [name: string, change: Partial<ScriptedPages>][] = [
    ["a page that was touched does not show so", { shows: false }],
    ["every page is touched", { entries: new BigUint64Array(16).fill(present) }],
    ["the address is not that of a page", { address: 16 * pageBytes + 16 }],
    ["the address is none", { address: Number.NaN }],
    ["entries are cut off", { cut: (length) => length / 2 }],
  ];
  test.each(unusable)("are not to be had where %s", (_, change) => {
    const bytes = memoryBytes(1);
    const kernel = new ScriptedPages(bytes, Array<bigint>(16).fill(0n));
    expect(TouchedPages.of(bytes, kernel)).toBeDefined();
    kernel.entries.fill(0n);
    expect(TouchedPages.of(bytes, Object.assign(kernel, change))).toBeUndefined();
  });

  test("are not to be had where there is no pagemap, no address, or no page", () => {
    const fail = (): never => {
      throw new Error("ENOENT");
    };
    const bytes = memoryBytes(1);
    expect(TouchedPages.of(bytes, { addressOf: () => 4096, read: fail })).toBeUndefined();
    expect(TouchedPages.of(bytes, { addressOf: fail, read: (into) => into.length })).toBeUndefined();
    expect(TouchedPages.of(memoryBytes(0))).toBeUndefined();
  });

  const hasPageMap = existsSync("/proc/self/pagemap");
  if (!hasPageMap)
    console.log("touched-pages.test.ts: the kernel's own table is skipped: there is none here");
  test.skipIf(!hasPageMap)(
    "of this kernel are those that were written or read, with many memories alive",
    () => {
      const memories = Array.from({ length: 20 }, () => memoryBytes(16));
      for (const [index, bytes] of memories.entries()) {
        const last = bytes.length / pageBytes - 1;
        const pages = TouchedPages.of(bytes)!;
        const [written, read] = [3 + index, 100 + index];
        bytes[written * pageBytes + 4095] = 1;
        expect(bytes[read * pageBytes]).toBe(0);
        pages.update();
        expect([pages.has(written), pages.has(read)]).toEqual([true, true]);
        if (hugePages) continue;
        // The last one is where it was tried out.
        const touched = [written, read, last];
        expect(ranges(pages, 0, last + 1)).toEqual(touched.map((page) => [page, page + 1]));
      }
    },
  );
});
