import { expect, test } from "bun:test";
import { abis, findAbi, findFunction, preview1, snapshot0 } from "./abi.ts";
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

test("snapshot0 has the same functions without sock_accept", () => {
  const { sock_accept: _, ...others } = preview1;
  expect(snapshot0).toEqual(others);
  expect(Object.keys(snapshot0)).toHaveLength(45);
});

for (const abi of abis) {
  test(`every function of ${abi.module} has a host call`, () => {
    const calls = Object.keys(bindCalls(new WasiHost({ value: 0 }), abi.layout));
    expect(Object.keys(abi.functions).filter((name) => !calls.includes(name))).toEqual([]);
  });
}

test("no host call is in no ABI", () => {
  const calls = bindCalls(new WasiHost({ value: 0 }), abis[0]!.layout);
  expect(Object.keys(calls).filter((name) => !Object.hasOwn(preview1, name))).toEqual([]);
});

test("findAbi and findFunction find no property of objects", () => {
  const names = ["toString", "__proto__", ""];
  expect(names.flatMap((name) => findAbi(name) ?? [])).toEqual([]);
  expect(names.flatMap((name) => findFunction(abis[0]!, name) ?? [])).toEqual([]);
});
