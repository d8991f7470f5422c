/**
 * Memory that the program itself takes: the kernel maps 64 KiB around each place of the executable that runs once, and a
 * start runs a lot that serving never does. Pages of code are only mapped, never written: letting them go costs
 * nothing but mapping those again that are used again (1 ms at the next request), and what is not mapped is what the
 * kernel takes first when memory is short.
 */
import { readFileSync, readlinkSync } from "node:fs";

/** sys/mman.h: the next use of the pages finds the file's again. */
const dontNeed = 4;

interface Range {
  readonly start: number;
  readonly bytes: number;
}

/** Lets go of the executable's pages. Where it cannot be done nothing happens: it is only a saving. */
export function releaseProgramPages(): void {
  if (process.platform !== "linux") return;
  try {
    const ranges = programRanges(readFileSync("/proc/self/smaps", "latin1"), readlinkSync("/proc/self/exe"));
    const ffi = process.getBuiltinModule("bun:ffi") as typeof import("bun:ffi");
    // musl takes this name for itself.
    const { symbols } = ffi.dlopen("libc.so.6", {
      madvise: { args: ["u64", "u64", "i32"], returns: "i32" },
    });
    for (const { start, bytes } of ranges) symbols.madvise(start, bytes, dontNeed);
  } catch {
    // No such file or library here.
  }
}

/**
 * Where a program's file is mapped to be read or run, of proc_pid_smaps(5): a line with addresses, permissions, offset,
 * device, inode and path, and below it fields. Ranges of which pages were written, by whomever, are left alone: those
 * pages are nowhere else.
 */
export function programRanges(smaps: string, program: string): Range[] {
  return smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).flatMap((mapping) => {
    const match = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ \d+ +(.+)\n/.exec(mapping);
    const [, start = "", end = "", path] = match ?? [];
    if (path !== program || !/^Anonymous: +0 kB$/m.test(mapping)) return [];
    const from = Number.parseInt(start, 16);
    return { start: from, bytes: Number.parseInt(end, 16) - from };
  });
}
