/**
 * What the parameters of each host call mean to a fuzzer: what to give it, and where the call may write when it
 * succeeds. One word a parameter:
 *
 *     fd, small, flags, lookup, rights, long  numbers; `long` and `rights` are an i64 and take two
 *     outN                             where N bytes are written
 *     buffer length                    where up to `length` bytes are written
 *     fill count, take count           a list of `count` iovecs that are written to, or read from
 *     path length                      a name
 *     filestat, subscriptions, events  laid out as the ABI has it
 */
import type { Layout } from "../../src/wasi/index.ts";

/** By name, for a guest with the arguments "ab" and "cde" and the environment X=1. */
export const shapes: Readonly<Record<string, string>> = {
  args_get: "out8 out7",
  args_sizes_get: "out4 out4",
  clock_res_get: "small out8",
  clock_time_get: "small long out8",
  environ_get: "out4 out4",
  environ_sizes_get: "out4 out4",
  fd_advise: "fd long long small",
  fd_allocate: "fd long long",
  fd_close: "fd",
  fd_datasync: "fd",
  fd_fdstat_get: "fd out24",
  fd_fdstat_set_flags: "fd flags",
  fd_fdstat_set_rights: "fd rights rights",
  fd_filestat_get: "fd filestat",
  fd_filestat_set_size: "fd long",
  fd_filestat_set_times: "fd long long flags",
  fd_pread: "fd fill count long out4",
  fd_prestat_dir_name: "fd buffer length",
  fd_prestat_get: "fd out8",
  fd_pwrite: "fd take count long out4",
  fd_read: "fd fill count out4",
  fd_readdir: "fd buffer length long out4",
  fd_renumber: "fd fd",
  fd_seek: "fd long small out8",
  fd_sync: "fd",
  fd_tell: "fd out8",
  fd_write: "fd take count out4",
  path_create_directory: "fd path length",
  path_filestat_get: "fd lookup path length filestat",
  path_filestat_set_times: "fd lookup path length long long flags",
  path_link: "fd lookup path length fd path length",
  path_open: "fd lookup path length flags rights rights flags out4",
  path_readlink: "fd path length buffer length out4",
  path_remove_directory: "fd path length",
  path_rename: "fd path length fd path length",
  path_symlink: "path length fd path length",
  path_unlink_file: "fd path length",
  poll_oneoff: "subscriptions events count out4",
  proc_exit: "small",
  proc_raise: "small",
  random_get: "buffer length",
  sched_yield: "",
  sock_accept: "fd flags out4",
  sock_recv: "fd fill count flags out4 out2",
  sock_send: "fd take count flags out4",
  sock_shutdown: "fd flags",
};

/** The words of a call's parameters. */
export function shapeOf(name: string): readonly string[] {
  return shapes[name]!.split(" ").filter((word) => word !== "");
}

/** How many numbers a parameter takes. */
export function widthOf(word: string): 1 | 2 {
  return word === "long" || word === "rights" ? 2 : 1;
}

/** Unsigned, end not included. */
export type Range = readonly [start: number, end: number];

/**
 * Where a call that succeeds may write. Lists of buffers are read from the memory as it was before the call.
 *
 * @param args as the call gets them.
 */
export function promisedRanges(
  name: string,
  args: readonly number[],
  before: DataView,
  { filestat }: Layout,
): Range[] {
  const ranges: Range[] = [];
  let index = 0;
  for (const word of shapeOf(name)) {
    const [at, next] = [args[index]! >>> 0, (args[index + 1] ?? 0) >>> 0];
    if (word.startsWith("out")) ranges.push([at, at + Number(word.slice(3))]);
    else if (word === "filestat") ranges.push([at, at + filestat.bytes]);
    else if (word === "buffer") ranges.push([at, at + next]);
    else if (word === "events") ranges.push([at, at + next * 32]);
    else if (word === "fill") ranges.push(...buffersAt(before, at, next));
    index += widthOf(word);
  }
  return ranges;
}

function buffersAt(memory: DataView, at: number, count: number): Range[] {
  const buffers = Array.from({ length: count }, (_, i): Range => {
    const start = memory.getUint32(at + i * 8, true);
    return [start, start + memory.getUint32(at + i * 8 + 4, true)];
  });
  // Bytes that land in the list itself make it another list: then anything in the guest's memory is its own doing.
  const overlap = buffers.some(([start, end]) => start < at + count * 8 && at < end);
  return overlap ? [[0, memory.byteLength]] : buffers;
}
