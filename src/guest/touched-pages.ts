/**
 * Which pages of a memory were ever touched. The kernel keeps count: a private anonymous mapping has no page where
 * nothing was read or written yet, reading there gives zeros, and `/proc/self/pagemap` tells it. Of a large memory
 * only the touched pages have to be looked at, then, to find all that is not zero.
 *
 * Why nothing is missed: a page is left alone only where the kernel has nothing of it at all, in RAM, in swap or on
 * its way between them. Whatever else an entry says (a huge page, one merged with others, the page of zeros that a
 * mere read maps, one that was cleared since) counts as touched, so that the set may be too large, never too small.
 * The memory cannot have moved, since growing it detaches its bytes and no snapshot fits it then. Nothing is mapped
 * or unmapped: ranges stay the engine's. What this rests on is tried out with each memory before it is relied on: a
 * page that shows as untouched is touched, and has to show so. Where addresses or page sizes are not what they seem
 * (an emulator, a kernel with pages of 16 KiB) it does not, and the whole memory is cleared as it is elsewhere.
 *
 * An entry has eight bytes, little-endian (Linux, Documentation/admin-guide/mm/pagemap.rst):
 *
 *     63 present | 62 swapped, or under migration | 61 file or shared | 60…0 of no meaning here
 *
 * Bit 55 (soft-dirty) may be set where there is no page.
 */
import { openSync, readSync } from "node:fs";
import { type Clear, clearBlockBytes } from "./clear-module.ts";

/** Where the kernel tells of the pages of this process. */
export interface PageMap {
  addressOf(bytes: Uint8Array): number;
  /** Fills `entries` from an offset in bytes; returns how many it had. Throws where it cannot be read. */
  read(entries: Uint8Array, offset: number): number;
}

const [entryBytes, entryWords] = [8, 2];

/** With any of the bits 63, 62 and 61 the upper word of an entry is at least this. */
const touchedWordMin = 2 ** 29;

/** For all memories, since an answer is used at once; as large as the largest of them needs. */
let words = new Uint32Array(0);

let pagemapFile: number | undefined;
let ffi: typeof import("bun:ffi") | undefined;

/** Opened at the first large memory: small guests start without. */
const ownPages: PageMap = {
  addressOf(bytes) {
    ffi ??= process.getBuiltinModule("bun:ffi") as typeof import("bun:ffi");
    return ffi.ptr(bytes);
  },
  read(entries, offset) {
    pagemapFile ??= openSync("/proc/self/pagemap", "r");
    return readSync(pagemapFile, entries, 0, entries.length, offset);
  },
};

export class TouchedPages {
  readonly #pageMap: PageMap;
  readonly #offset: number;
  readonly #pages: number;

  private constructor(pageMap: PageMap, offset: number, pages: number) {
    this.#pageMap = pageMap;
    this.#offset = offset;
    this.#pages = pages;
  }

  /** Of a memory's bytes; undefined where it cannot be told, or all are touched already. */
  static of(bytes: Uint8Array<ArrayBuffer>, pageMap: PageMap = ownPages): TouchedPages | undefined {
    try {
      const address = pageMap.addressOf(bytes);
      if (!Number.isSafeInteger(address) || address % clearBlockBytes !== 0) return undefined;
      const pages = Math.floor(bytes.length / clearBlockBytes);
      const touched = new TouchedPages(pageMap, (address / clearBlockBytes) * entryBytes, pages);
      return touched.#holdsFor(bytes) ? touched : undefined;
    } catch {
      return undefined;
    }
  }

  /** Asks the kernel; `has` and `forEachIn` answer from that until anybody asks again. What it does not tell is touched. */
  update(): void {
    const count = this.#pages * entryWords;
    if (words.length < count) words = new Uint32Array(count);
    if (!this.#read(0, this.#pages)) words.fill(touchedWordMin, 0, count);
  }

  has(page: number): boolean {
    return words[page * entryWords + 1]! >= touchedWordMin;
  }

  /** Visits the ranges of touched pages from `start` to `end`. All are offsets in bytes, multiples of a page. */
  forEachIn(start: number, end: number, visit: Clear): void {
    const last = end / clearBlockBytes;
    for (let page = start / clearBlockBytes; page < last; ) {
      const first = page;
      while (page < last && this.has(page)) page++;
      if (page > first) visit(first * clearBlockBytes, page * clearBlockBytes);
      else page += page + 4 <= last && noneOfFour(page) ? 4 : 1;
    }
  }

  /** Touches an untouched page, without changing it, and looks whether that shows. */
  #holdsFor(bytes: Uint8Array<ArrayBuffer>): boolean {
    this.update();
    let page = this.#pages - 1;
    while (page >= 0 && this.has(page)) page--;
    if (page < 0) return false;
    Atomics.or(bytes, page * clearBlockBytes, 0);
    return this.#read(page, 1) && this.has(0);
  }

  #read(page: number, count: number): boolean {
    const entries = new Uint8Array(words.buffer, 0, count * entryBytes);
    try {
      return this.#pageMap.read(entries, this.#offset + page * entryBytes) === entries.length;
    } catch {
      return false;
    }
  }
}

/** Most pages of a large memory are untouched: looked at by fours they take half the time. */
function noneOfFour(page: number): boolean {
  const at = page * entryWords + 1;
  return (words[at]! | words[at + 2]! | words[at + 4]! | words[at + 6]!) >>> 0 < touchedWordMin;
}
