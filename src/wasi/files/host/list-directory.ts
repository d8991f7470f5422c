/** The names in an open directory, as readdir(3) gives them. */
import { errno } from "../../errno.ts";
import { fileType } from "../../file-type.ts";
import { limits } from "../../limits.ts";
import { Failure, type Result } from "../answer.ts";
import type { DirectoryEntry } from "../open-directory.ts";
import { cLibrary } from "./c-library.ts";
import { lookAt } from "./look.ts";
import { typeOfMode } from "./mode.ts";
import { closeDescriptor, decodeName, lastFailure, openDirectoryToReadAt } from "./system-calls.ts";

/**
 * `struct dirent`, whose record says how long it is; the name ends in NUL.
 *
 *     Linux:  0 inode u64 | 8 … | 16 record u16 | 18 type u8 | 19 name
 *     Darwin: 0 inode u64 | 8 … | 16 record u16 | 18 … | 20 type u8 | 21 name
 */
const [typeOffset, nameOffset] = process.platform === "darwin" ? [20, 21] : [18, 19];

/** Lists a directory, `.`, `..` and names that are not UTF-8 left out. ENOMEM where there are too many. */
export function listDirectory(directory: number): Result<DirectoryEntry[]> {
  // A descriptor of its own, since whoever else lists the directory moves this one's position.
  const again = openDirectoryToReadAt(directory, ".");
  if (again instanceof Failure) return again;
  const stream = cLibrary().fdopendir(again);
  if (stream === null) {
    const failure = lastFailure();
    closeDescriptor(again);
    return failure;
  }
  try {
    return readEntries(stream, directory);
  } finally {
    cLibrary().closedir(stream);
  }
}

type Stream = NonNullable<ReturnType<ReturnType<typeof cLibrary>["fdopendir"]>>;

function readEntries(stream: Stream, directory: number): Result<DirectoryEntry[]> {
  const library = cLibrary();
  const entries: DirectoryEntry[] = [];
  for (;;) {
    library.errno[0] = 0;
    const record = library.readdir(stream);
    if (record === null) return library.errno[0] === 0 ? entries : lastFailure();
    const bytes = library.copyOf(record, 0, library.u16At(record, 16));
    const name = decodeName(bytes.subarray(nameOffset, bytes.indexOf(0, nameOffset)));
    if (name === undefined || name === "." || name === "..") continue;
    if (entries.length === limits.directoryEntriesMax) return Failure.of(errno.nomem);
    const inode = new DataView(bytes.buffer).getBigUint64(0, true);
    entries.push({ name, inode, type: typeOfEntry(bytes[typeOffset]!, directory, name) });
  }
}

/** The type of an entry; some file systems do not keep it beside the names. */
export function typeOfEntry(stored: number, directory: number, name: string): number {
  if (stored !== 0) return typeOfMode(stored << 12);
  const seen = lookAt(directory, name);
  if (seen instanceof Failure) return fileType.unknown;
  seen[Symbol.dispose]();
  return seen.stat.type;
}
