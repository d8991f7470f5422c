/**
 * The ABIs that guests are built for: their functions and types, apart from what they do. One letter a parameter:
 * `i` i32, `I` i64. Sources: WebAssembly/WASI, legacy/preview1/witx/wasi_snapshot_preview1.witx and
 * legacy/preview0/witx/wasi_unstable.witx.
 */
import { type Layout, preview1Layout, snapshot0Layout } from "./layout.ts";

export interface AbiFunction {
  readonly params: string;
  readonly result: "errno" | "none";
  /** May have to wait (for the client, the clock, a disk): such a call may suspend its guest. */
  readonly waits: boolean;
}

const call = (params: string): AbiFunction => ({ params, result: "errno", waits: false });
const waiting = (params: string): AbiFunction => ({ params, result: "errno", waits: true });

/** Functions by name. */
export type AbiFunctions = Readonly<Record<string, AbiFunction>>;

/** All 46 functions of preview 1. */
export const preview1: AbiFunctions = {
  args_get: call("ii"),
  args_sizes_get: call("ii"),
  clock_res_get: call("ii"),
  clock_time_get: call("iIi"),
  environ_get: call("ii"),
  environ_sizes_get: call("ii"),
  fd_advise: call("iIIi"),
  fd_allocate: waiting("iII"),
  fd_close: call("i"),
  fd_datasync: waiting("i"),
  fd_fdstat_get: call("ii"),
  fd_fdstat_set_flags: call("ii"),
  fd_fdstat_set_rights: call("iII"),
  fd_filestat_get: waiting("ii"),
  fd_filestat_set_size: waiting("iI"),
  fd_filestat_set_times: waiting("iIIi"),
  fd_pread: waiting("iiiIi"),
  fd_prestat_dir_name: call("iii"),
  fd_prestat_get: call("ii"),
  fd_pwrite: waiting("iiiIi"),
  fd_read: waiting("iiii"),
  fd_readdir: waiting("iiiIi"),
  fd_renumber: call("ii"),
  fd_seek: waiting("iIii"),
  fd_sync: waiting("i"),
  fd_tell: call("ii"),
  fd_write: waiting("iiii"),
  path_create_directory: waiting("iii"),
  path_filestat_get: waiting("iiiii"),
  path_filestat_set_times: waiting("iiiiIIi"),
  path_link: waiting("iiiiiii"),
  path_open: waiting("iiiiiIIii"),
  path_readlink: waiting("iiiiii"),
  path_remove_directory: waiting("iii"),
  path_rename: waiting("iiiiii"),
  path_symlink: waiting("iiiii"),
  path_unlink_file: waiting("iii"),
  poll_oneoff: waiting("iiii"),
  proc_exit: { params: "i", result: "none", waits: false },
  proc_raise: call("i"),
  random_get: waiting("ii"),
  sched_yield: waiting(""),
  sock_accept: call("iii"),
  sock_recv: call("iiiiii"),
  sock_send: call("iiiii"),
  sock_shutdown: call("ii"),
};

/** The 45 of snapshot 0, which came before: the same ones, and no sock_accept. */
export const snapshot0: AbiFunctions = Object.fromEntries(
  Object.entries(preview1).filter(([name]) => name !== "sock_accept"),
);

export interface Abi {
  /** The import module that its guests name. */
  readonly module: string;
  readonly functions: AbiFunctions;
  readonly layout: Layout;
}

/** Every ABI that emend offers, the one to build for first. */
export const abis: readonly Abi[] = [
  { module: "wasi_snapshot_preview1", functions: preview1, layout: preview1Layout },
  { module: "wasi_unstable", functions: snapshot0, layout: snapshot0Layout },
];

/** The ABI of an import module. */
export function findAbi(module: string): Abi | undefined {
  return abis.find((abi) => abi.module === module);
}

/** The entry of a name, if the ABI has it. */
export function findFunction({ functions }: Abi, name: string): AbiFunction | undefined {
  return Object.hasOwn(functions, name) ? functions[name] : undefined;
}
