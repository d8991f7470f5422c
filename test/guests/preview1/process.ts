// Arguments, environment, random bytes, the scheduler and the end of a process. The arguments are "process" and
// "größe", the environment is A=1 and B=.
import {
  args_get,
  args_sizes_get,
  environ_get,
  environ_sizes_get,
  proc_exit,
  proc_raise,
  random_get,
  sched_yield,
} from "./calls";
import { check, checkThat, filled, finish, OUTSIDE, room } from "./check";
import { EFAULT, ENOTSUP, SUCCESS } from "./errno";

export function _start(): void {
  checkArgs();
  checkEnviron();
  checkRandom();
  check("sched_yield", SUCCESS, "goes on", sched_yield());
  check("proc_raise", ENOTSUP, "SIGTERM", proc_raise(15));
  check("proc_raise", ENOTSUP, "no such signal", proc_raise(4_000));
  finish();
  proc_exit(42);
}

function checkArgs(): void {
  check("args_sizes_get", EFAULT, "count outside", args_sizes_get(OUTSIDE, room));
  check("args_sizes_get", EFAULT, "size outside", args_sizes_get(room, OUTSIDE));
  check("args_sizes_get", SUCCESS, "answers", args_sizes_get(room, room + 4));
  checkThat("args_sizes_get", "counts strings and bytes", load<u32>(room) == 2 && load<u32>(room + 4) == 16);
  check("args_get", EFAULT, "pointers outside", args_get(OUTSIDE, room));
  check("args_get", EFAULT, "strings outside", args_get(room, OUTSIDE));
  check("args_get", SUCCESS, "answers", args_get(room, room + 8));
  checkThat("args_get", "first", String.UTF8.decodeUnsafe(load<u32>(room), 64, true) == "process");
  checkThat("args_get", "second, not ASCII", String.UTF8.decodeUnsafe(load<u32>(room + 4), 64, true) == "größe");
}

function checkEnviron(): void {
  check("environ_sizes_get", EFAULT, "count outside", environ_sizes_get(OUTSIDE, room));
  check("environ_sizes_get", EFAULT, "size outside", environ_sizes_get(room, OUTSIDE));
  check("environ_sizes_get", SUCCESS, "answers", environ_sizes_get(room, room + 4));
  checkThat("environ_sizes_get", "counts strings and bytes", load<u32>(room) == 2 && load<u32>(room + 4) == 7);
  check("environ_get", EFAULT, "pointers outside", environ_get(OUTSIDE, room));
  check("environ_get", EFAULT, "strings outside", environ_get(room, OUTSIDE));
  check("environ_get", SUCCESS, "answers", environ_get(room, room + 8));
  checkThat("environ_get", "first", String.UTF8.decodeUnsafe(load<u32>(room), 64, true) == "A=1");
  checkThat("environ_get", "second, empty", String.UTF8.decodeUnsafe(load<u32>(room + 4), 64, true) == "B=");
}

function checkRandom(): void {
  check("random_get", EFAULT, "outside", random_get(OUTSIDE, 64));
  check("random_get", EFAULT, "across the end", random_get(<usize>(memory.size() << 16) - 8, 16));
  check("random_get", SUCCESS, "nothing at the very end", random_get(<usize>(memory.size() << 16), 0));
  memory.fill(room, 0, 64);
  check("random_get", SUCCESS, "32 bytes", random_get(room, 32));
  checkThat("random_get", "32 bytes and none beyond", !filled(room, 32, 0) && filled(room + 32, 32, 0));
}
