// Clocks, and waiting for them and for streams together. Standard input has "abc" and is at its end behind that.
import { clock_res_get, clock_time_get, fd_fdstat_set_rights, poll_oneoff } from "./calls";
import { check, checkThat, CLOSED, finish, OUTSIDE, room } from "./check";
import { EBADF, EFAULT, EINVAL, ENOTCAPABLE, SUCCESS } from "./errno";

const MILLISECOND: u64 = 1_000_000;
const REALTIME: u32 = 0;
const MONOTONIC: u32 = 1;
/** Where poll_oneoff reads subscriptions of 48 bytes, and writes events of 32 and their count. */
const subscriptions: usize = room;
const events: usize = room + 1_024;
const stored: usize = room + 2_048;

export function _start(): void {
  for (let clock: u32 = 0; clock < 4; clock++) checkClock(clock);
  check("clock_time_get", EINVAL, "no such clock", clock_time_get(4, 0, room));
  check("clock_time_get", EINVAL, "clock -1", clock_time_get(u32.MAX_VALUE, 0, room));
  check("clock_res_get", EINVAL, "no such clock", clock_res_get(4, room));
  check("clock_time_get", EFAULT, "outside", clock_time_get(MONOTONIC, 0, OUTSIDE));
  check("clock_res_get", EFAULT, "outside", clock_res_get(MONOTONIC, OUTSIDE));
  checkPollArguments();
  checkSleep();
  checkStreams();
  finish();
}

function checkClock(clock: u32): void {
  const name = "clock " + clock.toString();
  check("clock_res_get", SUCCESS, name, clock_res_get(clock, room));
  checkThat("clock_res_get", name + " is finer than 20 ms", load<u64>(room) > 0 && load<u64>(room) < 20 * MILLISECOND);
  check("clock_time_get", SUCCESS, name, clock_time_get(clock, 0, room));
  check("clock_time_get", SUCCESS, name + " again", clock_time_get(clock, u64.MAX_VALUE, room + 8));
  checkThat("clock_time_get", name + " does not go back", load<u64>(room + 8) >= load<u64>(room));
}

function checkPollArguments(): void {
  sleepOn(0, REALTIME, 0, false);
  check("poll_oneoff", EINVAL, "no subscriptions", poll_oneoff(subscriptions, events, 0, stored));
  check("poll_oneoff", EFAULT, "subscriptions outside", poll_oneoff(OUTSIDE, events, 1, stored));
  check("poll_oneoff", EFAULT, "events outside", poll_oneoff(subscriptions, OUTSIDE, 1, stored));
  check("poll_oneoff", EFAULT, "count outside", poll_oneoff(subscriptions, events, 1, OUTSIDE));
}

function checkSleep(): void {
  for (let clock: u32 = 0; clock < 2; clock++) {
    const name = "clock " + clock.toString();
    const before = now(clock);
    sleepOn(0, clock, 10 * MILLISECOND, false);
    check("poll_oneoff", SUCCESS, name + " for a while", poll_oneoff(subscriptions, events, 1, stored));
    checkThat("poll_oneoff", name + " waited", now(clock) - before >= 9 * MILLISECOND);
    sleepOn(0, clock, now(clock) + 10 * MILLISECOND, true);
    check("poll_oneoff", SUCCESS, name + " until then", poll_oneoff(subscriptions, events, 1, stored));
    sleepOn(0, clock, 1, true);
    check("poll_oneoff", SUCCESS, name + " long past", poll_oneoff(subscriptions, events, 1, stored));
    checkThat("poll_oneoff", name + " is one event", load<u32>(stored) == 1 && load<u64>(events) == 100);
  }
  sleepOn(0, MONOTONIC, 1_000_000 * MILLISECOND, false);
  sleepOn(1, MONOTONIC, MILLISECOND, false);
  check("poll_oneoff", SUCCESS, "two clocks", poll_oneoff(subscriptions, events, 2, stored));
  checkThat("poll_oneoff", "the sooner clock alone", load<u32>(stored) == 1 && load<u64>(events) == 101);
  sleepOn(0, 77, 0, false);
  check("poll_oneoff", SUCCESS, "no such clock", poll_oneoff(subscriptions, events, 1, stored));
  check("poll_oneoff", EINVAL, "in the event of a clock that is none", load<u16>(events, 8));
}

function checkStreams(): void {
  readFrom(0, 0);
  sleepOn(1, MONOTONIC, 1_000_000 * MILLISECOND, false);
  check("poll_oneoff", SUCCESS, "input and a clock", poll_oneoff(subscriptions, events, 2, stored));
  const isInput = load<u64>(events) == 100 && load<u16>(events, 8) == 0 && load<u8>(events, 10) == 1;
  checkThat("poll_oneoff", "the input alone", load<u32>(stored) == 1 && isInput);
  checkThat("poll_oneoff", "as many bytes as are there", load<u64>(events, 16) == 3);
  writeTo(0, 1);
  check("poll_oneoff", SUCCESS, "output", poll_oneoff(subscriptions, events, 1, stored));
  checkThat("poll_oneoff", "output is writable", load<u16>(events, 8) == 0 && load<u8>(events, 10) == 2);
  readFrom(0, CLOSED);
  check("poll_oneoff", SUCCESS, "a closed descriptor", poll_oneoff(subscriptions, events, 1, stored));
  check("poll_oneoff", EBADF, "in the event of a closed descriptor", load<u16>(events, 8));
  store<u8>(subscriptions, 9, 8);
  check("poll_oneoff", SUCCESS, "no such type", poll_oneoff(subscriptions, events, 1, stored));
  check("poll_oneoff", EINVAL, "in the event of a type that is none", load<u16>(events, 8));
  check("fd_fdstat_set_rights", SUCCESS, "gives all away", fd_fdstat_set_rights(0, 0, 0));
  readFrom(0, 0);
  check("poll_oneoff", SUCCESS, "a descriptor without the right", poll_oneoff(subscriptions, events, 1, stored));
  check("poll_oneoff", ENOTCAPABLE, "in the event of a descriptor without the right", load<u16>(events, 8));
}

function now(clock: u32): u64 {
  clock_time_get(clock, 0, room + 3_000);
  return load<u64>(room + 3_000);
}

/** Subscription `index` is to a clock; its userdata is 100 and more. */
function sleepOn(index: u32, clock: u32, timeout: u64, absolute: bool): void {
  const at = subscribe(index, 0);
  store<u32>(at, clock, 16);
  store<u64>(at, timeout, 24);
  store<u16>(at, absolute ? 1 : 0, 40);
}

function readFrom(index: u32, fd: u32): void {
  store<u32>(subscribe(index, 1), fd, 16);
}

function writeTo(index: u32, fd: u32): void {
  store<u32>(subscribe(index, 2), fd, 16);
}

function subscribe(index: u32, type: u8): usize {
  const at = subscriptions + index * 48;
  memory.fill(at, 0, 48);
  store<u64>(at, 100 + index);
  store<u8>(at, type, 8);
  return at;
}
