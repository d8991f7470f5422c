/** Steps on files that the checks of several guests need. */
import { fd_close, fd_pread, fd_write, path_filestat_get, path_open } from "./calls";
import { iovec, must, room, TREE } from "./check";
import { SUCCESS } from "./errno";

export const O_CREAT: u32 = 1;
export const O_DIRECTORY: u32 = 2;
export const O_EXCL: u32 = 4;
export const O_TRUNC: u32 = 8;
export const APPEND: u32 = 1;
export const DSYNC: u32 = 2;
export const FOLLOW: u32 = 1;

export const FD_READ: u64 = 0x2;
export const FD_SEEK: u64 = 0x4;
export const FD_TELL: u64 = 0x20;
export const FD_WRITE: u64 = 0x40;
export const FD_READDIR: u64 = 0x4000;
export const ALL: u64 = 0x3fff_ffff;

/** A path as calls take it: an address and a length. */
export class Path {
  private readonly bytes: ArrayBuffer;

  constructor(text: string) {
    this.bytes = String.UTF8.encode(text);
  }

  get at(): usize {
    return changetype<usize>(this.bytes);
  }

  get length(): u32 {
    return <u32>this.bytes.byteLength;
  }
}

/** What the last `open` that succeeded opened. */
export let opened: u32 = 0;
const answer = memory.data(4, 4);

/** path_open below a directory. */
export function open(dir: u32, path: string, oflags: u32, rights: u64, flags: u32 = 0, lookup: u32 = 0): u32 {
  const p = new Path(path);
  const code = path_open(dir, lookup, p.at, p.length, oflags, rights, ALL, flags, answer);
  if (code == SUCCESS) opened = load<u32>(answer);
  return code;
}

/** A descriptor of a file below the tree, which is made where it is not there. */
export function openFile(path: string, rights: u64 = ALL, flags: u32 = 0): u32 {
  must("opening " + path, open(TREE, path, O_CREAT, rights, flags));
  return opened;
}

/** A descriptor of a directory below the tree. */
export function openDirectory(path: string, rights: u64 = ALL): u32 {
  // Writing a directory is nothing that can be asked for.
  must("opening " + path, open(TREE, path, O_DIRECTORY, rights & ~FD_WRITE));
  return opened;
}

/** Makes a file with this content, or gives it this content. */
export function put(path: string, content: string): void {
  must("opening " + path, open(TREE, path, O_CREAT | O_TRUNC, ALL));
  const fd = opened;
  must("writing " + path, write(fd, content));
  must("closing " + path, fd_close(fd));
}

/** fd_write of a text. */
export function write(fd: u32, content: string): u32 {
  const bytes = String.UTF8.encode(content);
  return fd_write(fd, iovec(changetype<usize>(bytes), <u32>bytes.byteLength), 1, answer);
}

/** All that a file of less than 1,000 bytes holds; a zero shows as `0`. */
export function contentOf(fd: u32): string {
  must("reading", fd_pread(fd, iovec(room + 1_024, 1_000), 1, 0, answer));
  let text = "";
  for (let i: u32 = 0; i < load<u32>(answer); i++) {
    const byte = load<u8>(room + 1_024 + i);
    text += byte == 0 ? "0" : String.fromCharCode(byte);
  }
  return text;
}

/** Where `statOf` leaves a filestat. */
export const stat: usize = room + 2_100;

/** path_filestat_get below the tree. */
export function statOf(path: string, lookup: u32 = 0): u32 {
  const p = new Path(path);
  return path_filestat_get(TREE, lookup, p.at, p.length, stat);
}

export function isType(type: u8): bool {
  return load<u8>(stat, 16) == type;
}

export function sizeIs(size: u64): bool {
  return load<u64>(stat, 32) == size;
}
