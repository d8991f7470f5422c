// What snapshot 0 has otherwise than preview 1: the order of whence, the layouts of filestat and of subscriptions.
// Everything else here is imported from preview 1, so this guest imports from both.
import { clock_time_get, fd_close } from "./calls";
import { check, checkThat, filled, finish, must, OUTSIDE, room, TREE } from "./check";
import { EBADF, EFAULT, EINVAL, ENOENT, SUCCESS } from "./errno";
import { openFile, Path, put, statOf, stat as newStat } from "./tree";

// @ts-ignore: decorator
@external("wasi_unstable", "fd_seek")
declare function fd_seek(fd: u32, delta: i64, whence: u32, offset: usize): u32;
// @ts-ignore: decorator
@external("wasi_unstable", "fd_filestat_get")
declare function fd_filestat_get(fd: u32, stat: usize): u32;
// @ts-ignore: decorator
@external("wasi_unstable", "path_filestat_get")
declare function path_filestat_get(fd: u32, flags: u32, path: usize, length: u32, stat: usize): u32;
// @ts-ignore: decorator
@external("wasi_unstable", "poll_oneoff")
declare function poll_oneoff(subscriptions: usize, events: usize, count: u32, stored: usize): u32;

const CURRENT: u32 = 0;
const END: u32 = 1;
const SET: u32 = 2;
const MILLISECOND: u64 = 1_000_000;

const subscriptions: usize = room;
const events: usize = room + 512;
const stored: usize = room + 1_024;

export function _start(): void {
  put("old", "0123456789");
  const fd = openFile("old");
  checkSeek(fd);
  checkStat(fd);
  must("close", fd_close(fd));
  checkPoll();
  finish();
}

function checkSeek(fd: u32): void {
  check("fd_seek", SUCCESS, "from the start, by 2", fd_seek(fd, 4, SET, room));
  checkThat("fd_seek", "from the start is there", load<u64>(room) == 4);
  check("fd_seek", SUCCESS, "from where it is, by 0", fd_seek(fd, 3, CURRENT, room));
  checkThat("fd_seek", "from where it is is there", load<u64>(room) == 7);
  check("fd_seek", SUCCESS, "from the end, by 1", fd_seek(fd, -1, END, room));
  checkThat("fd_seek", "from the end is there", load<u64>(room) == 9);
  check("fd_seek", EINVAL, "no such whence", fd_seek(fd, 0, 3, room));
}

function checkStat(fd: u32): void {
  memory.fill(room, 0x3f, 80);
  check("fd_filestat_get", SUCCESS, "56 bytes", fd_filestat_get(fd, room));
  checkThat("fd_filestat_get", "none beyond 56", filled(room + 56, 24, 0x3f));
  checkThat("fd_filestat_get", "links in 4 bytes at 20", load<u8>(room, 16) == 4 && load<u32>(room, 20) == 1);
  must("stat", statOf("old"));
  const sameFile = load<u64>(room) == load<u64>(newStat) && load<u64>(room, 8) == load<u64>(newStat, 8);
  checkThat("fd_filestat_get", "the same file as preview 1 shows", sameFile);
  checkThat("fd_filestat_get", "its size at 24", load<u64>(room, 24) == 10);
  const sameTimes = load<u64>(room, 40) == load<u64>(newStat, 48) && load<u64>(room, 48) == load<u64>(newStat, 56);
  checkThat("fd_filestat_get", "its times at 32, 40 and 48", sameTimes);
  const end: usize = (<usize>memory.size()) << 16;
  check("fd_filestat_get", SUCCESS, "in the last 56 bytes", fd_filestat_get(fd, end - 56));
  check("fd_filestat_get", EFAULT, "in less than 56", fd_filestat_get(fd, end - 55));
  const path = new Path("old");
  memory.fill(room, 0x3f, 80);
  check("path_filestat_get", SUCCESS, "56 bytes", path_filestat_get(TREE, 0, path.at, path.length, room));
  checkThat("path_filestat_get", "none beyond 56", filled(room + 56, 24, 0x3f) && load<u64>(room, 24) == 10);
  const none = new Path("none");
  check("path_filestat_get", ENOENT, "what is not there", path_filestat_get(TREE, 0, none.at, none.length, room));
}

function checkPoll(): void {
  const began = now();
  // A clock has an identifier of its own at 16, and its id behind that.
  memory.fill(subscriptions, 0, 112);
  sleep(0, 100, 10 * MILLISECOND);
  sleep(1, 101, 1_000_000 * MILLISECOND);
  memory.fill(events, 0x3f, 96);
  check("poll_oneoff", SUCCESS, "two clocks of 56 bytes", poll_oneoff(subscriptions, events, 2, stored));
  checkThat("poll_oneoff", "the sooner clock alone", load<u32>(stored) == 1 && load<u64>(events) == 100);
  checkThat("poll_oneoff", "waited for it", now() - began >= 9 * MILLISECOND);
  checkThat("poll_oneoff", "an event of 32 bytes", filled(events + 32, 64, 0x3f) && load<u16>(events, 8) == 0);
  store<u32>(subscriptions, 77, 24);
  check("poll_oneoff", SUCCESS, "a clock that is none", poll_oneoff(subscriptions, events, 1, stored));
  check("poll_oneoff", EINVAL, "in the event of a clock that is none", load<u16>(events, 8));
  store<u8>(subscriptions, 1, 8);
  store<u32>(subscriptions, 900, 16);
  check("poll_oneoff", SUCCESS, "a closed descriptor at 16", poll_oneoff(subscriptions, events, 1, stored));
  check("poll_oneoff", EBADF, "in the event of a closed descriptor", load<u16>(events, 8));
  check("poll_oneoff", EFAULT, "subscriptions outside", poll_oneoff(OUTSIDE, events, 1, stored));
}

function sleep(index: u32, userdata: u64, timeout: u64): void {
  const at = subscriptions + index * 56;
  store<u64>(at, userdata);
  store<u64>(at, u64.MAX_VALUE, 16);
  store<u32>(at, 1, 24);
  store<u64>(at, timeout, 32);
}

function now(): u64 {
  clock_time_get(1, 0, room + 3_000);
  return load<u64>(room + 3_000);
}
