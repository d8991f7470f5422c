/** Guests that make one host call over and over: what a benchmark of host calls runs in every host. */
import { assembleText } from "../../test/support/assemble-text.ts";

export interface Loop {
  readonly name: string;
  /** Times that the call is made in one run. */
  readonly calls: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether it works on the file `file` in the first preopened directory. */
  readonly files: boolean;
}

type Text = readonly [imported: string, params: string, args: string];

/** Parameters and arguments of each call. 256 and more is room for answers; at 16 is an iovec of 8 bytes at 32. */
const texts: Readonly<Record<string, Text>> = {
  args_sizes_get: ["args_sizes_get", "i32 i32", "(i32.const 256) (i32.const 264)"],
  "clock_time_get monotonic": [
    "clock_time_get",
    "i32 i64 i32",
    "(i32.const 1) (i64.const 0) (i32.const 256)",
  ],
  "clock_time_get realtime": ["clock_time_get", "i32 i64 i32", "(i32.const 0) (i64.const 0) (i32.const 256)"],
  fd_fdstat_get: ["fd_fdstat_get", "i32 i32", "(i32.const 1) (i32.const 256)"],
  "fd_prestat_get EBADF": ["fd_prestat_get", "i32 i32", "(i32.const 9) (i32.const 256)"],
  "fd_read at the end": [
    "fd_read",
    "i32 i32 i32 i32",
    "(i32.const 0) (i32.const 16) (i32.const 1) (i32.const 256)",
  ],
  "fd_write 8 bytes": [
    "fd_write",
    "i32 i32 i32 i32",
    "(i32.const 1) (i32.const 16) (i32.const 1) (i32.const 256)",
  ],
  "poll_oneoff due": [
    "poll_oneoff",
    "i32 i32 i32 i32",
    "(i32.const 64) (i32.const 256) (i32.const 1) (i32.const 512)",
  ],
  "random_get 16": ["random_get", "i32 i32", "(i32.const 256) (i32.const 16)"],
  sched_yield: ["sched_yield", "", ""],
};

/** The same for calls on files. Descriptor 4 is a file of 4 KiB; at 24 is an iovec of as much, at 48 its name. */
const fileTexts: typeof texts = {
  "fd_pread 4 KiB": [
    "fd_pread",
    "i32 i32 i32 i64 i32",
    "(i32.const 4) (i32.const 24) (i32.const 1) (i64.const 0) (i32.const 256)",
  ],
  "fd_pwrite 4 KiB": [
    "fd_pwrite",
    "i32 i32 i32 i64 i32",
    "(i32.const 4) (i32.const 24) (i32.const 1) (i64.const 0) (i32.const 256)",
  ],
  fd_filestat_get: ["fd_filestat_get", "i32 i32", "(i32.const 4) (i32.const 256)"],
  path_filestat_get: [
    "path_filestat_get",
    "i32 i32 i32 i32 i32",
    "(i32.const 3) (i32.const 0) (i32.const 48) (i32.const 4) (i32.const 256)",
  ],
};

/** Opens the file, with the rights to read, write, seek and stat, and gives it its 4 KiB. */
const openFile = `
  (drop (call $open (i32.const 3) (i32.const 0) (i32.const 48) (i32.const 4) (i32.const 1)
    (i64.const 0x200066) (i64.const 0x200066) (i32.const 0) (i32.const 256)))
  (drop (call $write (i32.const 4) (i32.const 24) (i32.const 1) (i32.const 256)))`;
const openImports = `
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))`;

/** All of them. A run of any takes some tens of milliseconds in a quick host. */
export async function makeLoops(calls: number): Promise<Loop[]> {
  const make = async (name: string, files: boolean, [imported, params, args]: Text): Promise<Loop> => ({
    name,
    calls,
    files,
    bytes: await assembleText(`(module
      (import "wasi_snapshot_preview1" "${imported}" (func $call (param ${params}) (result i32)))
      ${files ? openImports : ""}
      (memory (export "memory") 1)
      (data (i32.const 16) "\\20\\00\\00\\00\\08\\00\\00\\00\\00\\10\\00\\00\\00\\10\\00\\00")
      (data (i32.const 48) "file")
      (data (i32.const 64) "\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\01")
      (func (export "_start") (local $made i32)
        ${files ? openFile : ""}
        (loop $again
          (drop (call $call ${args}))
          (br_if $again (i32.lt_u (local.tee $made (i32.add (local.get $made) (i32.const 1))) (i32.const ${calls}))))))`),
  });
  return Promise.all([
    ...Object.entries(texts).map(([name, text]) => make(name, false, text)),
    ...Object.entries(fileTexts).map(([name, text]) => make(name, true, text)),
  ]);
}
