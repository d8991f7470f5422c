import { expect, test } from "bun:test";
import { preview1, preview1Function } from "./abi.ts";
import { bindCalls } from "./calls/index.ts";
import { WasiHost } from "./host.ts";

// As wasi-libc declares them (libc-bottom-half/sources/__wasilibc_real.c): parameters, then the result; I is i64.
const declared = `
args_get iii, args_sizes_get iii, clock_res_get iii, clock_time_get iIii, environ_get iii, environ_sizes_get iii,
fd_advise iIIii, fd_allocate iIIi, fd_close ii, fd_datasync ii, fd_fdstat_get iii, fd_fdstat_set_flags iii,
fd_fdstat_set_rights iIIi, fd_filestat_get iii, fd_filestat_set_size iIi, fd_filestat_set_times iIIii, fd_pread iiiIii,
fd_prestat_dir_name iiii, fd_prestat_get iii, fd_pwrite iiiIii, fd_read iiiii, fd_readdir iiiIii, fd_renumber iii,
fd_seek iIiii, fd_sync ii, fd_tell iii, fd_write iiiii, path_create_directory iiii, path_filestat_get iiiiii,
path_filestat_set_times iiiiIIii, path_link iiiiiiii, path_open iiiiiIIiii, path_readlink iiiiiii,
path_remove_directory iiii, path_rename iiiiiii, path_symlink iiiiii, path_unlink_file iiii, poll_oneoff iiiii,
proc_exit i, proc_raise ii, random_get iii, sched_yield i, sock_accept iiii, sock_recv iiiiiii, sock_send iiiiii,
sock_shutdown iii`;

test("preview1 has all 46 functions with the types that wasi-libc declares", () => {
  const table = Object.entries(preview1).map(
    ([name, entry]) => `${name} ${entry.params}${entry.result === "errno" ? "i" : ""}`,
  );
  expect(table).toHaveLength(46);
  expect(table.sort()).toEqual(
    declared
      .split(",")
      .map((each) => each.trim())
      .sort(),
  );
});

test("every function of the ABI has a host call, and none has more", () => {
  const calls = bindCalls(new WasiHost({ value: 0 }));
  expect(Object.keys(calls).sort()).toEqual(Object.keys(preview1).sort());
});

test("preview1Function finds no property of objects", () => {
  expect([preview1Function("toString"), preview1Function("__proto__"), preview1Function("")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
