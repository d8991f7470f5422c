/** Guests that make one host call over and over: what a benchmark of host calls runs in every host. */
import { assembleText } from "../../test/support/assemble-text.ts";

export interface Loop {
  readonly name: string;
  /** Times that the call is made in one run. */
  readonly calls: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Parameters and arguments of each call. 256 and more is room for answers; at 16 is an iovec of 8 bytes at 32. */
const texts: Readonly<Record<string, readonly [import_: string, params: string, args: string]>> = {
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

/** All of them. A run of any takes some tens of milliseconds in a quick host. */
export async function makeLoops(calls: number): Promise<Loop[]> {
  return Promise.all(
    Object.entries(texts).map(async ([name, [imported, params, args]]) => ({
      name,
      calls,
      bytes: await assembleText(`(module
        (import "wasi_snapshot_preview1" "${imported}" (func $call (param ${params}) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 16) "\\20\\00\\00\\00\\08\\00\\00\\00")
        (data (i32.const 64) "\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\01")
        (func (export "_start") (local $made i32)
          (loop $again
            (drop (call $call ${args}))
            (br_if $again (i32.lt_u (local.tee $made (i32.add (local.get $made) (i32.const 1))) (i32.const ${calls}))))))`),
    })),
  );
}
