/**
 * What updates take of the machine comes after what requests do: the kernel gives a thread with a nice value of 5 a
 * quarter of a core that another one wants too, and all of one that is free. On Linux nice values are of threads, elsewhere
 * of processes: there it is left as it is.
 */

/** sys/resource.h: a thread by its number; 0 is this one. */
const prioProcess = 0;

const niceOfUpdates = 5;

/** For the thread that calls. Where it cannot be done it is not: an update is as right without. */
export function giveWay(): void {
  if (process.platform !== "linux") return;
  try {
    const ffi = process.getBuiltinModule("bun:ffi") as typeof import("bun:ffi");
    // musl takes this name for itself.
    const { symbols } = ffi.dlopen("libc.so.6", {
      setpriority: { args: ["i32", "u32", "i32"], returns: "i32" },
    });
    symbols.setpriority(prioProcess, 0, niceOfUpdates);
  } catch {
    // No such library.
  }
}
