/**
 * What the guests in this folder have in common. Each prints one line a check, `CALL ERRNO what: ok` or
 * `…: got ERRNO`, and the test that runs them reads these lines.
 */
import { fail, log } from "../../../src/cli/templates/assemblyscript/cgi";
import { args_get, args_sizes_get } from "./calls";
import { errnoName, SUCCESS } from "./errno";

/** An address that is in no memory of less than 4 GiB. */
export const OUTSIDE: usize = 0xffff_fff0;

/** A descriptor that is never open. */
export const CLOSED: u32 = 0x7fff_ffff;

/** The preopened directory that the guests work in, and one of another kind. */
export const TREE: u32 = 3;
export const OTHER: u32 = 4;

/** Room for what calls write: nothing in it is kept from one check to the next. */
export const room = memory.data(4_096, 8);

/** A call that answers an errno. */
export function check(call: string, wanted: u32, what: string, got: u32): void {
  log(call + " " + errnoName(wanted) + " " + what + (got == wanted ? ": ok" : ": got " + errnoName(got)));
}

/** What holds behind a call that succeeds. */
export function checkThat(call: string, what: string, holds: bool): void {
  log(call + " " + errnoName(SUCCESS) + " " + what + (holds ? ": ok" : ": wrong"));
}

/** An argument of the command line. */
export function argument(index: u32): string {
  must("args_sizes_get", args_sizes_get(room, room + 4));
  const count = load<u32>(room);
  if (index >= count) return "";
  must("args_get", args_get(room, room + 4 * count));
  return String.UTF8.decodeUnsafe(load<u32>(room + 4 * index), 256, true);
}

/** Ends the guest's list: one that broke off has no such line. */
export function finish(): void {
  log("finished");
}

/** For the steps between checks: without them the rest says nothing. */
export function must(what: string, code: u32): void {
  if (code != SUCCESS) fail(what + " failed with " + errnoName(code));
}

const vectors = memory.data(64, 8);

/** Points one iovec at `length` bytes at `buffer`, and is the address of it. */
export function iovec(buffer: usize, length: u32): usize {
  store<u32>(vectors, <u32>buffer);
  store<u32>(vectors, length, 4);
  return vectors;
}

/** Whether `length` bytes at `at` all have this value. */
export function filled(at: usize, length: usize, value: u8): bool {
  for (let i: usize = 0; i < length; i++) if (load<u8>(at + i) != value) return false;
  return true;
}
