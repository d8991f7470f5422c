/**
 * Operations on names in an open directory: those of `c-library.ts` with errors of preview 1. A name is followed by
 * none of them where it is a symbolic link; every descriptor that they make is closed on exec.
 */
import { closeSync, constants, openSync } from "node:fs";
import { errno } from "../../errno.ts";
import { limits } from "../../limits.ts";
import { Failure, type Result } from "../answer.ts";
import type { Times } from "../open-node.ts";
import { cLibrary } from "./c-library.ts";
import { failureOfNumber, failureOfThrown } from "./system-errno.ts";

const darwin = process.platform === "darwin";

// What node:fs has no names for. Linux: uapi/asm-generic/fcntl.h, uapi/linux/fcntl.h; Darwin: sys/fcntl.h.
const closeOnExec = darwin ? 0x100_0000 : 0x8_0000;
const doNotFollow = darwin ? 0x20 : 0x100;
const removeDirectoryFlag = darwin ? 0x80 : 0x200;
const [setStatusFlags, seekCurrent] = [4, 1];
const omitTime = darwin ? -2n : 0x3fff_fffen;
const nanosecondsASecond = 1_000_000_000n;

/** Opens only the place in the tree: nothing happens to what lies there. Darwin has no such thing. */
export const pathOnly: number = darwin ? 0 : 0x20_0000;

const directoryOnly = constants.O_DIRECTORY | constants.O_NOFOLLOW | pathOnly;

/** The error numbers of this system by name. */
export const system: Readonly<Record<string, number>> = process.getBuiltinModule("node:os").constants.errno;

/** Opens a name as `flags` say. New files get what the umask leaves of 0666. */
export function openAt(directory: number, name: string, flags: number): Result<number> {
  const path = terminated(name);
  const all = flags | constants.O_NOFOLLOW | constants.O_NOCTTY | closeOnExec;
  return retried(() => cLibrary().openat(directory, path, all, 0o666));
}

/** A directory of that name, to find further names in. */
export function openDirectoryAt(directory: number, name: string): Result<number> {
  return openAt(directory, name, directoryOnly);
}

/** The same, to read or to sync it. */
export function openDirectoryToReadAt(directory: number, name: string): Result<number> {
  return openAt(directory, name, constants.O_RDONLY | constants.O_DIRECTORY);
}

/** What is open as `file`, once more and with other flags; ENOENT where the system offers no way to it. */
export function reopen(file: number, flags: number): Result<number> {
  try {
    return openSync(`/proc/self/fd/${file}`, flags | constants.O_NOCTTY | closeOnExec);
  } catch (error) {
    return failureOfThrown(error);
  }
}

export function createDirectoryAt(directory: number, name: string): Result<undefined> {
  return done(cLibrary().mkdirat(directory, terminated(name), 0o777));
}

export function removeDirectoryAt(directory: number, name: string): Result<undefined> {
  return done(cLibrary().unlinkat(directory, terminated(name), removeDirectoryFlag));
}

export function unlinkAt(directory: number, name: string): Result<undefined> {
  return done(cLibrary().unlinkat(directory, terminated(name), 0));
}

export function renameAt(from: number, fromName: string, to: number, toName: string): Result<undefined> {
  return done(cLibrary().renameat(from, terminated(fromName), to, terminated(toName)));
}

export function linkAt(from: number, fromName: string, to: number, toName: string): Result<undefined> {
  return done(cLibrary().linkat(from, terminated(fromName), to, terminated(toName), 0));
}

export function symlinkAt(target: string, directory: number, name: string): Result<undefined> {
  return done(cLibrary().symlinkat(terminated(target), directory, terminated(name)));
}

/** Where a symbolic link leads; EINVAL for anything else. */
export function readLinkAt(directory: number, name: string): Result<string> {
  const into = new Uint8Array(limits.pathBytesMax);
  const count = cLibrary().readlinkat(directory, terminated(name), into, into.length);
  if (count < 0) return lastFailure();
  return decodeName(into.subarray(0, count)) ?? Failure.of(errno.ilseq);
}

export function setTimesAt(directory: number, name: string, times: Times): Result<undefined> {
  return done(cLibrary().utimensat(directory, terminated(name), timespecs(times), doNotFollow));
}

export function setFileTimes(file: number, times: Times): Result<undefined> {
  return done(cLibrary().futimens(file, timespecs(times)));
}

/** Whether writes go to the end of the file, wherever that is then (O_APPEND). */
export function setAppending(file: number, appending: boolean): Result<undefined> {
  return done(cLibrary().fcntl(file, setStatusFlags, appending ? constants.O_APPEND : 0));
}

/** Where the position of a descriptor is. */
export function positionOf(file: number): Result<number> {
  const position = cLibrary().lseek(file, 0, seekCurrent);
  return position < 0 ? lastFailure() : position;
}

/**
 * Reads what the system holds of a file in memory; 0 at its end. Undefined where the disk has to be asked, or nobody
 * knows whether it has, or it fails: whoever then asks the disk is told why.
 */
export function readCached(file: number, into: Uint8Array, offset: number): number | undefined {
  const count = cLibrary().readCached?.(file, into, offset) ?? -1;
  return count < 0 ? undefined : count;
}

/** ENOTSUP where the file system or the system cannot promise room. */
export function allocateRoom(file: number, offset: number, length: number): Result<undefined> {
  const allocate = cLibrary().posix_fallocate;
  if (allocate === undefined) return Failure.of(errno.notsup);
  let failed = allocate(file, offset, length);
  while (failed === system.EINTR) failed = allocate(file, offset, length);
  return failed === 0 ? undefined : failureOfNumber(failed);
}

/** Closes a descriptor. What a disk has to say then is lost: nobody could do anything about it. */
export function closeDescriptor(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch (error) {
    failureOfThrown(error);
  }
}

/** The failure that the last call of the C library ended with. */
export function lastFailure(): Failure {
  return failureOfNumber(cLibrary().errno[0]!);
}

/** A path as the C library takes it. */
export function terminated(path: string): Uint8Array {
  return Buffer.from(`${path}\0`);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A name as text; undefined where it is not UTF-8, and preview 1 has no way to say it. */
export function decodeName(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** A call that opens something may be interrupted by a signal while it waits; nothing has happened then. */
export function retried(call: () => number): Result<number> {
  for (;;) {
    const result = call();
    if (result >= 0) return result;
    if (cLibrary().errno[0] !== system.EINTR) return lastFailure();
  }
}

function done(result: number): Result<undefined> {
  return result < 0 ? lastFailure() : undefined;
}

/** `struct timespec[2]`: access and modification, each as seconds and nanoseconds. */
function timespecs({ accessedNs, modifiedNs }: Times): BigInt64Array {
  return BigInt64Array.from([accessedNs, modifiedNs].flatMap((time) => timespec(time)));
}

function timespec(time: bigint | undefined): [bigint, bigint] {
  return time === undefined ? [0n, omitTime] : [time / nanosecondsASecond, time % nanosecondsASecond];
}
