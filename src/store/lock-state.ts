/**
 * One process at a time holds a state directory: flock(2) on a file that stays there. The kernel lets go when the
 * process ends, however it ends, so there is nothing stale to clean up; the number in the file is for people only.
 */
import { closeSync, constants, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { EmendError, messageOf } from "../errors.ts";
import { giveToOwnerOf } from "../state/index.ts";
import { codeOf } from "./store-error.ts";

type Pointer = import("bun:ffi").Pointer;

/** The file in a state directory. */
const lockName = "lock";

/** flock(2): LOCK_EX and LOCK_NB, the same on Linux and macOS. */
const exclusiveNow = 2 | 4;

/** EWOULDBLOCK. */
const wouldBlock = process.platform === "darwin" ? 35 : 11;

/** What is held until it is disposed. */
export interface StateLock extends Disposable {
  /** Why nothing keeps other processes out: the file system or the platform has no such locks. Null when it has. */
  readonly lacking: string | null;
}

/** Throws `io` when another process has the directory, or when its lock cannot be opened. */
export function lockState(dir: string, platform: NodeJS.Platform = process.platform): StateLock {
  const path = join(dir, lockName);
  const file = openLock(path);
  if (file === null) return { lacking: "the file system is read-only", [Symbol.dispose]: () => {} };
  const answer = lockNow(file, platform);
  if (answer === wouldBlock) {
    const holder = readFileSync(path, "utf8").trim();
    closeSync(file);
    throw new EmendError(
      "io",
      `${/^\d+$/.test(holder) ? `process ${holder}` : "another process"} uses the state directory ${dir}: stop it, ` +
        "use another directory with --state DIR, or keep everything in memory with --ephemeral",
    );
  }
  const lacking = typeof answer === "string" ? answer : answer === 0 ? null : `flock: error ${answer}`;
  leaveName(file);
  return { lacking, [Symbol.dispose]: () => closeSync(file) };
}

/** Null where it is not there and cannot be made. */
function openLock(path: string): number | null {
  try {
    const file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    giveToOwnerOf(dirname(path), file);
    return file;
  } catch (error) {
    if (codeOf(error) === "EROFS") return existsSync(path) ? openSync(path, constants.O_RDONLY) : null;
    throw new EmendError("io", `cannot open ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** For whoever finds it locked. On a read-only disk the old number stays. */
function leaveName(file: number): void {
  try {
    ftruncateSync(file);
    writeSync(file, `${process.pid}\n`, 0);
  } catch {
    // The lock is what counts.
  }
}

/** 0 when it is ours now, an errno when it is not, words when there is no flock to call. */
function lockNow(file: number, platform: NodeJS.Platform): number | string {
  try {
    const { flock, errno } = platform === "darwin" ? loadDarwin() : loadLinux();
    return flock(file, exclusiveNow) === 0 ? 0 : errno();
  } catch (error) {
    return messageOf(error);
  }
}

interface Locking {
  readonly flock: (file: number, operation: number) => number;
  readonly errno: () => number;
}

const flock = { args: ["i32", "i32"], returns: "i32" } as const;
const place = { args: [], returns: "ptr" } as const;

function loadLinux(): Locking {
  const ffi = process.getBuiltinModule("bun:ffi") as typeof import("bun:ffi");
  const { symbols } = ffi.dlopen("libc.so.6", { flock, __errno_location: place });
  return { flock: symbols.flock, errno: errnoAt(ffi, symbols.__errno_location()) };
}

function loadDarwin(): Locking {
  const ffi = process.getBuiltinModule("bun:ffi") as typeof import("bun:ffi");
  const { symbols } = ffi.dlopen("libSystem.B.dylib", { flock, __error: place });
  return { flock: symbols.flock, errno: errnoAt(ffi, symbols.__error()) };
}

/** Its place stays the same for a thread. Asked for before the call, since asking is a call of its own. */
function errnoAt(ffi: typeof import("bun:ffi"), where: bigint | Pointer | null): () => number {
  // An address of a process is below 2^53 on every system, and a number therefore.
  const pointer = Number(where) as Pointer;
  return () => (where === null ? 0 : ffi.read.i32(pointer));
}
