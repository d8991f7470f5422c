import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { programRanges, releaseProgramPages } from "./program-pages.ts";

const mapping = (head: string, anonymousKb: number): string =>
  `${head}\nSize:                164 kB\nRss:                  64 kB\nAnonymous:             ${anonymousKb} kB\nVmFlags: rd ex mr mw me\n`;

const smaps = [
  mapping("00200000-01a39000 r--p 00000000 fe:00 5325558                            /opt/emend", 0),
  mapping("01a40000-0684a000 r-xp 01838000 fe:00 5325558                            /opt/emend", 0),
  mapping("06867000-06f30000 rw-p 0665e000 fe:00 5325558                            /opt/emend", 116),
  mapping("06f30000-06f40000 r-xp 0665e000 fe:00 5325558                            /opt/emend", 4),
  mapping("06f40000-06f50000 r-xs 0665e000 fe:00 5325558                            /opt/emend", 0),
  mapping("39712a00000-39717200000 rw-p 00000000 00:00 0 ", 64),
  mapping("7f9dfb30e000-7f9dfb464000 r-xp 00026000 fe:00 326269                     /usr/lib/libc.so.6", 0),
].join("");

test("what of the program is only read or run is let go, and nothing that was written or is another's", () => {
  expect(programRanges(smaps, "/opt/emend")).toEqual([
    { start: 0x200000, bytes: 0x1839000 },
    { start: 0x1a40000, bytes: 0x4e0a000 },
  ]);
  expect(programRanges(smaps, "/opt/other")).toEqual([]);
  expect(programRanges("", "/opt/emend")).toEqual([]);
});

test.skipIf(process.platform !== "linux")("the process goes on, with less of its program in memory", () => {
  const fileKb = (): number =>
    Number(/^RssFile:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1]);
  const before = fileKb();
  releaseProgramPages();
  expect(fileKb()).toBeLessThan(before);
});
