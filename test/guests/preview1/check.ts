/**
 * What the guests in this folder have in common. Each prints one line a check, `CALL ERRNO what: ok` or
 * `…: got ERRNO`, and the test that runs them reads these lines.
 */
import { fail, log } from "../../../src/cli/templates/assemblyscript/cgi";
import { errnoName, SUCCESS } from "./errno";

/** An address that is in no memory of less than 4 GiB. */
export const OUTSIDE: usize = 0xffff_fff0;

/** A descriptor that is never open. */
export const CLOSED: u32 = 0x7fff_ffff;

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
