// What a guest sees of the process that runs it: ?do=… names one of the things below. It tells on stderr.
import { log, param, paramInt } from "../../src/cli/templates/assemblyscript/cgi";
import {
  clock_time_get,
  fd_fdstat_get,
  fd_fdstat_set_flags,
  fd_read,
  fd_write,
  poll_oneoff,
  proc_exit,
} from "./preview1/calls";
import { EAGAIN, errnoName } from "./preview1/errno";

const vectors = memory.data(8, 8);
const result = memory.data(8, 8);
const status = memory.data(24, 8);
const subscriptions = memory.data(96, 8);
const events = memory.data(64, 8);
const BLOCK_BYTES: u32 = 65_536;
const block = memory.data(BLOCK_BYTES);

const NONBLOCK: u32 = 4;
const CLOCK_MONOTONIC: u32 = 1;

export function _start(): void {
  const what = param("do");
  if (what == "exit") proc_exit(<u32>paramInt("code", 0, i32.MIN_VALUE, i32.MAX_VALUE));
  else if (what == "flood") flood();
  else if (what == "spin") spin();
  else if (what == "kinds") kinds();
  else if (what == "poll") poll();
  else if (what == "turns") turns();
  else log("nothing to do");
}

/** Writes until that fails, and says how. */
function flood(): void {
  let blocks = 0;
  for (;;) {
    const code = move(true, 1, BLOCK_BYTES);
    if (code != 0) {
      log("fd_write " + errnoName(code) + (blocks > 0 ? " after some blocks" : " at once"));
      return;
    }
    blocks++;
  }
}

/** Asks for the time for ever: host calls, and no wait in any. */
function spin(): void {
  while (clock_time_get(CLOCK_MONOTONIC, 1, result) == 0) {}
}

/** The file types of 0, 1 and 2. */
function kinds(): void {
  let text = "";
  for (let fd: u32 = 0; fd < 3; fd++) {
    const code = fd_fdstat_get(fd, status);
    text += " " + (code == 0 ? load<u8>(status).toString() : errnoName(code));
  }
  log("types" + text);
}

/** Reads stdin to its end without ever blocking in a read, and says when it had nothing and what came. */
function poll(): void {
  fd_fdstat_set_flags(0, NONBLOCK);
  for (;;) {
    const code = move(false, 0, BLOCK_BYTES);
    const count = load<u32>(result);
    if (code == 0 && count == 0) break;
    if (code == 0) log("read " + String.UTF8.decodeUnsafe(block, count));
    else {
      log("read " + errnoName(code));
      if (code != EAGAIN) return;
      log(waitForStdin(paramInt("ms", 10_000, 1, 60_000)));
    }
  }
  log("end");
}

/** Poll for stdin and a clock, and what was first. */
function waitForStdin(ms: i32): string {
  memory.fill(subscriptions, 0, 96);
  store<u8>(subscriptions, 1, 8);
  store<u64>(subscriptions, 1, 48);
  store<u32>(subscriptions, CLOCK_MONOTONIC, 48 + 16);
  store<u64>(subscriptions, <u64>ms * 1_000_000, 48 + 24);
  const code = poll_oneoff(subscriptions, events, 2, result);
  if (code != 0) return "poll " + errnoName(code);
  return load<u64>(events) == 1 ? "poll clock" : "poll stdin";
}

/** Lines on stdout and stderr by turns. */
function turns(): void {
  const count = paramInt("n", 1000, 1, 1_000_000);
  for (let i = 0; i < count; i++) line(<u32>(1 + (i & 1)), i);
}

function line(fd: u32, number: i32): void {
  const text = String.UTF8.encode(number.toString() + "\n");
  memory.copy(block, changetype<usize>(text), text.byteLength);
  move(true, fd, text.byteLength);
}

/** One fd_write or fd_read of the block; its count is at `result`. */
function move(writes: bool, fd: u32, length: u32): u32 {
  store<u32>(vectors, <u32>block);
  store<u32>(vectors, length, 4);
  return writes ? fd_write(fd, vectors, 1, result) : fd_read(fd, vectors, 1, result);
}
