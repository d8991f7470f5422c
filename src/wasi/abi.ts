/**
 * The functions of WASI preview 1 and their types, apart from what they do. One letter a parameter:
 * `i` i32, `I` i64. Source: WebAssembly/WASI, legacy/preview1/witx/wasi_snapshot_preview1.witx.
 */

/** The import module that preview 1 guests name. */
export const preview1Module = "wasi_snapshot_preview1";

export interface AbiFunction {
  readonly params: string;
  readonly result: "errno" | "none";
  /** May have to wait (for the client, the clock): such a call may suspend its guest. */
  readonly waits: boolean;
}

const call = (params: string): AbiFunction => ({ params, result: "errno", waits: false });
const waiting = (params: string): AbiFunction => ({ params, result: "errno", waits: true });

/** All 46 functions by name. */
export const preview1: Readonly<Record<string, AbiFunction>> = {
  args_get: call("ii"),
  args_sizes_get: call("ii"),
  clock_res_get: call("ii"),
  clock_time_get: call("iIi"),
  environ_get: call("ii"),
  environ_sizes_get: call("ii"),
  fd_advise: call("iIIi"),
  fd_allocate: call("iII"),
  fd_close: call("i"),
  fd_datasync: call("i"),
  fd_fdstat_get: call("ii"),
  fd_fdstat_set_flags: call("ii"),
  fd_fdstat_set_rights: call("iII"),
  fd_filestat_get: call("ii"),
  fd_filestat_set_size: call("iI"),
  fd_filestat_set_times: call("iIIi"),
  fd_pread: call("iiiIi"),
  fd_prestat_dir_name: call("iii"),
  fd_prestat_get: call("ii"),
  fd_pwrite: call("iiiIi"),
  fd_read: waiting("iiii"),
  fd_readdir: call("iiiIi"),
  fd_renumber: call("ii"),
  fd_seek: call("iIii"),
  fd_sync: call("i"),
  fd_tell: call("ii"),
  fd_write: waiting("iiii"),
  path_create_directory: call("iii"),
  path_filestat_get: call("iiiii"),
  path_filestat_set_times: call("iiiiIIi"),
  path_link: call("iiiiiii"),
  path_open: call("iiiiiIIii"),
  path_readlink: call("iiiiii"),
  path_remove_directory: call("iii"),
  path_rename: call("iiiiii"),
  path_symlink: call("iiiii"),
  path_unlink_file: call("iii"),
  poll_oneoff: waiting("iiii"),
  proc_exit: { params: "i", result: "none", waits: false },
  proc_raise: call("i"),
  random_get: call("ii"),
  sched_yield: waiting(""),
  sock_accept: call("iii"),
  sock_recv: call("iiiiii"),
  sock_send: call("iiiii"),
  sock_shutdown: call("ii"),
};

/** The ABI entry of a name, if preview 1 has it. */
export function preview1Function(name: string): AbiFunction | undefined {
  return Object.hasOwn(preview1, name) ? preview1[name] : undefined;
}
