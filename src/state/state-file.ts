/**
 * Small files of the state directory, written so that a power cut leaves the old one, the new one or none,
 * never a part: a new file under another name, synced, renamed, and the directory synced.
 */
import {
  closeSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { encodeHex, randomBytes } from "../bytes/index.ts";
import { EmendError, messageOf } from "../errors.ts";

/** The ways out, for the end of every message about a state directory that cannot be used. */
export const waysOut =
  "use another directory with --state DIR, or keep everything in memory with --ephemeral";

/** A refusal that says what is wrong with the state directory and what to do about it. */
export function stateError(what: string, cause?: unknown): EmendError {
  const reason = cause === undefined ? "" : ` (${messageOf(cause)})`;
  return new EmendError("io", `${what}${reason}; ${waysOut}`, { cause });
}

/** The file's text, or undefined when there is none. A file over `bytesMax` is refused unread. */
export function readStateFile(dir: string, name: string, bytesMax: number): string | undefined {
  const path = join(dir, name);
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (!stat.isFile()) throw new Error("not a regular file");
    if (stat.size > bytesMax) throw new Error(`${stat.size} bytes, expected at most ${bytesMax}`);
    return readFileSync(path, "utf8");
  } catch (error) {
    throw stateError(`cannot read ${path}`, error);
  }
}

/** Writes a file that only its owner may read, durable when this returns. */
export function writeStateFile(dir: string, name: string, text: string): void {
  const path = join(dir, name);
  const temporary = `${path}.${encodeHex(randomBytes(8))}.tmp`;
  try {
    writeSynced(temporary, text);
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw stateError(`cannot write ${path}`, error);
  }
}

function writeSynced(path: string, text: string): void {
  // "wx": never through a link or into a file that somebody else put there.
  const file = openSync(path, "wx", 0o600);
  try {
    giveToOwnerOf(dirname(path), file);
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A node that starts as root and then gives that up must still be able to open what root has written for it. */
export function giveToOwnerOf(directory: string, file: number): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(directory);
  if (uid !== 0) fchownSync(file, uid, gid);
}

/** A directory within the state directory, made where it is not there, and its owner's. */
export function makeStateDirectory(path: string): void {
  if (mkdirSync(path, { recursive: true, mode: 0o700 }) === undefined) return;
  const directory = openSync(path, "r");
  try {
    giveToOwnerOf(dirname(path), directory);
  } finally {
    closeSync(directory);
  }
}

/** Makes what was added to or removed from a directory durable. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
