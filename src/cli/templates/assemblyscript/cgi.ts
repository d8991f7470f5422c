/**
 * CGI for AssemblyScript on plain WASI preview 1: what a handler needs and nothing more.
 *
 *   import { param, respond } from "./cgi";
 *   export function _start(): void {
 *     respond("text/plain; charset=utf-8", "Hello, " + param("name", "world") + "!\n");
 *   }
 *
 * A request is a set of environment variables and standard input; the response goes to standard output:
 * header lines, an empty line, the body. Compile with `--runtime stub --use abort=cgi/abort`: every request
 * starts from a clean memory, so nothing ever has to be freed.
 */

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: u32, iovs: usize, count: u32, written: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_read")
declare function fd_read(fd: u32, iovs: usize, count: u32, read: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "environ_sizes_get")
declare function environ_sizes_get(count: usize, bytes: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "environ_get")
declare function environ_get(pointers: usize, block: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "clock_time_get")
declare function clock_time_get(clock: u32, precision: u64, time: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "poll_oneoff")
declare function poll_oneoff(subscriptions: usize, events: usize, count: u32, stored: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "proc_exit")
declare function proc_exit(code: u32): void;

/** Room for the out-parameters of one call; no call keeps it. */
const scratch = memory.data(16, 8);

// ---- the request ----

let environCount: u32 = 0;
let environPointers: usize = 0;

/** The value of a CGI or site variable, `otherwise` if it is not set. */
export function env(name: string, otherwise: string = ""): string {
  if (environPointers == 0) readEnviron();
  const wanted = String.UTF8.encode(name);
  const length = <usize>wanted.byteLength;
  for (let i: u32 = 0; i < environCount; i++) {
    const entry = <usize>load<u32>(environPointers + i * 4);
    if (startsWith(entry, changetype<usize>(wanted), length) && load<u8>(entry + length) == 0x3d) {
      return cString(entry + length + 1);
    }
  }
  return otherwise;
}

/** Every variable as NAME=value, in the host's order. */
export function environ(): string[] {
  if (environPointers == 0) readEnviron();
  const all = new Array<string>(environCount);
  for (let i: u32 = 0; i < environCount; i++) all[i] = cString(load<u32>(environPointers + i * 4));
  return all;
}

/** A parameter of the query string, percent-decoded, `otherwise` if it is absent. */
export function param(name: string, otherwise: string = ""): string {
  const parts = env("QUERY_STRING").split("&");
  for (let i = 0; i < parts.length; i++) {
    const at = parts[i].indexOf("=");
    const key = at < 0 ? parts[i] : parts[i].substring(0, at);
    if (unpercent(key) == name) return at < 0 ? "" : unpercent(parts[i].substring(at + 1));
  }
  return otherwise;
}

/** A whole number from the query string, held between `min` and `max`; `otherwise` if it is not one. */
export function paramInt(name: string, otherwise: i32, min: i32, max: i32): i32 {
  const text = param(name);
  if (text.length == 0 || text.length > 10) return otherwise;
  let value: i64 = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return otherwise;
    value = value * 10 + digit;
  }
  return <i32>(value < min ? min : value > max ? max : value);
}

/** Asks the host again. `env`, `environ` and `param` do it by themselves, once. */
export function readEnviron(): void {
  if (environ_sizes_get(scratch, scratch + 4) != 0) fail("reading the environment failed");
  environCount = load<u32>(scratch);
  const block = new ArrayBuffer(<i32>(environCount * 4 + load<u32>(scratch, 4) + 4));
  environPointers = changetype<usize>(block);
  if (environCount == 0) return;
  if (environ_get(environPointers, environPointers + environCount * 4) != 0) fail("reading the environment failed");
}

/** Reads up to `size` bytes of the request body to `to`; 0 at its end. */
export function read(to: usize, size: u32): u32 {
  store<u32>(scratch, <u32>to);
  store<u32>(scratch, size, 4);
  if (fd_read(0, scratch, 1, scratch + 8) != 0) fail("reading the request body failed");
  return load<u32>(scratch, 8);
}

// ---- the response ----

/** The whole answer at once. */
export function respond(type: string, body: string, status: string = "200 OK"): void {
  print("Status: " + status + "\nContent-Type: " + type + "\nX-Content-Type-Options: nosniff\n\n" + body);
}

/** Text to the response: header lines and an empty line first, then the body. */
export function print(text: string): void {
  const bytes = String.UTF8.encode(text);
  write(changetype<usize>(bytes), <u32>bytes.byteLength);
}

/** Bytes to the response, all of them: a host may take fewer at a time than it is offered. */
export function write(from: usize, size: u32): void {
  if (!writeAll(1, from, size)) fail("the client went away");
}

/** A line for the log. */
export function log(line: string): void {
  const bytes = String.UTF8.encode(line + "\n");
  writeAll(2, changetype<usize>(bytes), <u32>bytes.byteLength);
}

/** `text` for use inside HTML and XML, attribute values included. */
export function escapeHtml(text: string): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c == 0x26) out += "&amp;";
    else if (c == 0x3c) out += "&lt;";
    else if (c == 0x3e) out += "&gt;";
    else if (c == 0x22) out += "&quot;";
    else if (c == 0x27) out += "&#39;";
    else out += text.charAt(i);
  }
  return out;
}

/** `text` as a JSON string, quotes included. */
export function quoteJson(text: string): string {
  let out = '"';
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c == 0x22 || c == 0x5c) out += "\\" + text.charAt(i);
    else if (c < 0x20) out += "\\u00" + (c < 0x10 ? "0" : "") + c.toString(16);
    else out += text.charAt(i);
  }
  return out + '"';
}

// ---- time ----

/** Nanoseconds of a clock that never goes back. */
export function monotonicNs(): u64 {
  if (clock_time_get(1, 1000, scratch) != 0) fail("the clock failed");
  return load<u64>(scratch);
}

/** Nanoseconds since 1970. */
export function wallNs(): u64 {
  if (clock_time_get(0, 1000, scratch) != 0) fail("the clock failed");
  return load<u64>(scratch);
}

const subscription = memory.data(48, 8);
const event = memory.data(32, 8);

/** Waits; what was printed so far is on its way to the client meanwhile. */
export function sleepMs(ms: u32): void {
  // preview1 subscription: userdata u64, tag u8 (0 = clock), then at 16: clock id, timeout, precision, flags.
  memory.fill(subscription, 0, 48);
  store<u32>(subscription, 1, 16);
  store<u64>(subscription, <u64>ms * 1_000_000, 24);
  if (poll_oneoff(subscription, event, 1, scratch) != 0) fail("waiting failed");
}

// ---- the end ----

/** Logs why and ends the handler: 502 if the head was not out yet. */
export function fail(why: string): void {
  log(why);
  proc_exit(1);
}

/** What `throw`, a failed assertion and an index out of bounds end in (`--use abort=cgi/abort`). */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const what = message === null ? "abort" : message;
  const where = file === null ? "" : " at " + file + ":" + line.toString() + ":" + column.toString();
  log(what + where);
  proc_exit(255);
  unreachable();
}

function writeAll(fd: u32, from: usize, size: u32): bool {
  let done: u32 = 0;
  while (done < size) {
    store<u32>(scratch, <u32>from + done);
    store<u32>(scratch, size - done, 4);
    if (fd_write(fd, scratch, 1, scratch + 8) != 0) return false;
    const taken = load<u32>(scratch, 8);
    if (taken == 0) return false;
    done += taken;
  }
  return true;
}

function startsWith(at: usize, prefix: usize, length: usize): bool {
  for (let i: usize = 0; i < length; i++) {
    if (load<u8>(at + i) != load<u8>(prefix + i)) return false;
  }
  return true;
}

function cString(at: usize): string {
  let end = at;
  while (load<u8>(end) != 0) end++;
  return String.UTF8.decodeUnsafe(at, end - at);
}

function unpercent(text: string): string {
  const source = String.UTF8.encode(text);
  const from = changetype<usize>(source);
  const size = source.byteLength;
  let length = 0;
  for (let i = 0; i < size; i++) {
    let byte = load<u8>(from + i);
    if (byte == 0x2b) byte = 0x20;
    else if (byte == 0x25 && i + 2 < size) {
      const high = hexValue(load<u8>(from + i + 1));
      const low = hexValue(load<u8>(from + i + 2));
      if (high >= 0 && low >= 0) {
        byte = <u8>((high << 4) | low);
        i += 2;
      }
    }
    store<u8>(from + length++, byte);
  }
  return String.UTF8.decodeUnsafe(from, length);
}

function hexValue(c: u8): i32 {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
