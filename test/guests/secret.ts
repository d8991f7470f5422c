// Plants a secret where a host could forget to wipe it, or looks for one that an earlier request left.
//   ?op=plant[&grow=N]  in static data, on the heap, in the last bytes of memory and in a mutable global,
//                       after growing memory by N pages and writing to each of them
//   ?op=look            memory=clean|FOUND at OFFSET, global=clean|FOUND, pages=N
//   ?op=stdin           reads 3 bytes of the body and leaves the rest unread
// The secret is computed, never stored by the module itself, so a find is always a leak.
import { fail, param, paramInt, read, readEnviron, respond } from "../../src/cli/templates/assemblyscript/cgi";

const PAGE_BYTES: usize = 65_536;
const room = memory.data(16, 8);
let planted: u64 = 0;

export function _start(): void {
  // Even where a host puts nothing back, this request's environment is the one that counts.
  readEnviron();
  const op = param("op");
  if (op == "plant") plant(paramInt("grow", 0, 0, 4_096));
  else if (op == "look") look();
  else if (op == "stdin") readSome();
  else fail("op must be plant, look or stdin");
}

function plant(pages: i32): void {
  const before = memory.size();
  if (pages > 0 && memory.grow(pages) < 0) fail("memory.grow refused");
  const value = secret();
  store<u64>(room, value);
  store<u64>(changetype<usize>(new ArrayBuffer(64)), value, 24);
  for (let page: usize = <usize>before; page < <usize>memory.size(); page++) store<u64>(page * PAGE_BYTES + 512, value);
  store<u64>(<usize>memory.size() * PAGE_BYTES - 8, value);
  planted = value;
  respond("text/plain", "planted pages=" + memory.size().toString() + "\n");
}

function look(): void {
  // Before anything is allocated or written: the answer must be about what was found.
  const value = secret();
  const end = <usize>memory.size() * PAGE_BYTES;
  let found: usize = 0;
  for (let at: usize = 0; at < end; at += 8) {
    if (load<u64>(at) == value) {
      found = at;
      break;
    }
  }
  const inMemory = found == 0 ? "clean" : "FOUND at " + found.toString();
  const inGlobal = planted == 0 ? "clean" : "FOUND";
  respond("text/plain", "memory=" + inMemory + "\nglobal=" + inGlobal + "\npages=" + memory.size().toString() + "\n");
}

function readSome(): void {
  const length = read(room, 3);
  respond("text/plain", "read=" + String.UTF8.decodeUnsafe(room, length) + "\n");
}

let mixed: u64 = 0x9e37_79b9_7f4a_7c15;

/** Xorshift of the seed above: its result is nowhere in the module's bytes. */
function secret(): u64 {
  let value = mixed;
  for (let i = 0; i < 9; i++) {
    value ^= value << 13;
    value ^= value >> 7;
    value ^= value << 17;
  }
  return value;
}

// Known to change only here, so that the compiler cannot fold the secret into a constant.
export function reseed(seed: u64): void {
  mixed = seed;
}
