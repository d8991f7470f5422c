// Regular files: position, content, size, times, flags and rights. Argument 1 says which kind the tree is of:
// "scratch" (in memory, with a byte limit of 1 MiB), "real" or "real, off the thread".
import {
  fd_advise,
  fd_allocate,
  fd_close,
  fd_datasync,
  fd_fdstat_get,
  fd_fdstat_set_flags,
  fd_fdstat_set_rights,
  fd_filestat_get,
  fd_filestat_set_size,
  fd_filestat_set_times,
  fd_pread,
  fd_pwrite,
  fd_read,
  fd_renumber,
  fd_seek,
  fd_sync,
  fd_tell,
  fd_write,
  path_create_directory,
  path_link,
  path_remove_directory,
  path_rename,
  path_symlink,
} from "./calls";
import { argument, check, checkThat, finish, iovec, must, OUTSIDE, room, TREE } from "./check";
import { EBADF, EFAULT, EFBIG, EINVAL, EISDIR, EMFILE, ENFILE, ENOSPC, ENOTCAPABLE, EOVERFLOW, SUCCESS } from "./errno";
import {
  ALL,
  APPEND,
  contentOf,
  DSYNC,
  FD_READ,
  FD_SEEK,
  FD_TELL,
  FD_WRITE,
  O_CREAT,
  open,
  opened,
  openDirectory,
  openFile,
  Path,
  put,
  write,
} from "./tree";

const SET: u32 = 0;
const CURRENT: u32 = 1;
const END: u32 = 2;
const TOO_FAR: i64 = 1 << 53;
/** One more buffer than a call takes. */
const TOO_MANY: u32 = 1_025;

export function _start(): void {
  put("file", "0123456789");
  const fd = openFile("file");
  checkSeek(fd);
  checkRead(fd);
  checkWrite(fd);
  checkAppend();
  checkSize(fd);
  checkTimes(fd);
  checkStat(fd);
  checkSync(fd);
  checkPointers(fd);
  checkDirectory(openDirectory("."));
  checkRights();
  if (argument(1) == "real") checkLimit(fd);
  checkClose(fd);
  if (argument(1) == "scratch") {
    checkNoSpace();
    checkNoRoomForNames();
  }
  checkTooMany();
  finish();
}

function seek(fd: u32, delta: i64, whence: u32): u32 {
  return fd_seek(fd, delta, whence, room);
}

function checkSeek(fd: u32): void {
  check("fd_seek", SUCCESS, "from the start", seek(fd, 4, SET));
  checkThat("fd_seek", "from the start is there", load<u64>(room) == 4);
  check("fd_seek", SUCCESS, "from where it is", seek(fd, 3, CURRENT));
  checkThat("fd_seek", "from where it is is there", load<u64>(room) == 7);
  check("fd_seek", SUCCESS, "back", seek(fd, -2, CURRENT));
  check("fd_seek", SUCCESS, "from the end", seek(fd, -1, END));
  checkThat("fd_seek", "from the end is there", load<u64>(room) == 9);
  check("fd_tell", SUCCESS, "after that", fd_tell(fd, room));
  checkThat("fd_tell", "is the same", load<u64>(room) == 9);
  check("fd_seek", EINVAL, "before the start", seek(fd, -1, SET));
  check("fd_seek", EINVAL, "no such whence", seek(fd, 0, 3));
  check("fd_seek", EOVERFLOW, "too far", seek(fd, TOO_FAR, SET));
  fd_tell(fd, room);
  checkThat("fd_seek", "stays where it was when it fails", load<u64>(room) == 9);
  check("fd_seek", SUCCESS, "beyond the end", seek(fd, 100, SET));
}

function checkRead(fd: u32): void {
  check("fd_read", SUCCESS, "beyond the end", fd_read(fd, iovec(room, 4), 1, room + 8));
  checkThat("fd_read", "beyond the end is nothing", load<u32>(room + 8) == 0);
  must("seek", seek(fd, 8, SET));
  memory.fill(room, 0x3f, 16);
  check("fd_read", SUCCESS, "up to the end", fd_read(fd, iovec(room, 8), 1, room + 12));
  checkThat("fd_read", "what is there and no more", load<u32>(room) == 0x3f3f_3938 && load<u32>(room + 12) == 2);
  must("tell", fd_tell(fd, room));
  checkThat("fd_read", "moves the position", load<u64>(room) == 10);
  const vectors = iovec(room, 2);
  store<u32>(vectors, <u32>room + 4, 8);
  store<u32>(vectors, 2, 12);
  check("fd_pread", SUCCESS, "two buffers", fd_pread(fd, vectors, 2, 3, room + 8));
  checkThat("fd_pread", "in order", load<u16>(room) == 0x3433 && load<u16>(room + 4) == 0x3635);
  must("tell", fd_tell(fd, room));
  checkThat("fd_pread", "leaves the position", load<u64>(room) == 10);
  check("fd_pread", SUCCESS, "beyond the end", fd_pread(fd, iovec(room, 4), 1, 99, room + 8));
  check("fd_pread", EINVAL, "too far", fd_pread(fd, iovec(room, 4), 1, TOO_FAR, room + 8));
  check("fd_pread", EINVAL, "too many buffers", fd_pread(fd, room, TOO_MANY, 0, room));
}

function checkWrite(fd: u32): void {
  must("seek", seek(fd, 12, SET));
  check("fd_write", SUCCESS, "behind the end", write(fd, "ab"));
  checkThat("fd_write", "fills the gap with zeros", contentOf(fd) == "012345678900ab");
  must("tell", fd_tell(fd, room));
  checkThat("fd_write", "moves the position", load<u64>(room) == 14);
  const bytes = String.UTF8.encode("XY");
  const at = changetype<usize>(bytes);
  check("fd_pwrite", SUCCESS, "in the middle", fd_pwrite(fd, iovec(at, 2), 1, 1, room));
  checkThat("fd_pwrite", "in its place", contentOf(fd) == "0XY345678900ab");
  must("tell", fd_tell(fd, room));
  checkThat("fd_pwrite", "leaves the position", load<u64>(room) == 14);
  check("fd_pwrite", EFBIG, "too far", fd_pwrite(fd, iovec(at, 2), 1, TOO_FAR, room));
  check("fd_pwrite", EINVAL, "too many buffers", fd_pwrite(fd, room, TOO_MANY, 0, room));
}

function checkAppend(): void {
  put("log", "one ");
  const fd = openFile("log", ALL, APPEND);
  check("fd_write", SUCCESS, "appending", write(fd, "two"));
  must("seek", seek(fd, 0, SET));
  check("fd_write", SUCCESS, "appending from the start", write(fd, " three"));
  checkThat("fd_write", "appends wherever the position is", contentOf(fd) == "one two three");
  check("fd_fdstat_set_flags", SUCCESS, "no more appending", fd_fdstat_set_flags(fd, 0));
  must("seek", seek(fd, 0, SET));
  must("write", write(fd, "ONE"));
  checkThat("fd_fdstat_set_flags", "writes in place again", contentOf(fd) == "ONE two three");
  check("fd_fdstat_set_flags", SUCCESS, "appending again", fd_fdstat_set_flags(fd, APPEND));
  check("fd_fdstat_set_flags", EINVAL, "a file opened without it becomes no synchronous one", fd_fdstat_set_flags(fd, DSYNC));
  must("close", fd_close(fd));
}

function checkSize(fd: u32): void {
  check("fd_filestat_set_size", SUCCESS, "cuts", fd_filestat_set_size(fd, 3));
  checkThat("fd_filestat_set_size", "cuts what is behind", contentOf(fd) == "0XY");
  check("fd_filestat_set_size", SUCCESS, "grows", fd_filestat_set_size(fd, 6));
  checkThat("fd_filestat_set_size", "grows with zeros", contentOf(fd) == "0XY000");
  check("fd_filestat_set_size", EFBIG, "too large", fd_filestat_set_size(fd, u64.MAX_VALUE));
  check("fd_allocate", SUCCESS, "inside", fd_allocate(fd, 0, 4));
  checkThat("fd_allocate", "never cuts", contentOf(fd) == "0XY000");
  check("fd_allocate", SUCCESS, "beyond the end", fd_allocate(fd, 4, 6));
  checkThat("fd_allocate", "grows", contentOf(fd) == "0XY0000000");
  check("fd_allocate", EINVAL, "nothing", fd_allocate(fd, 0, 0));
  check("fd_allocate", EFBIG, "too far", fd_allocate(fd, TOO_FAR, 1));
}

function checkTimes(fd: u32): void {
  const second: u64 = 1_000_000_000;
  check("fd_filestat_set_times", SUCCESS, "both", fd_filestat_set_times(fd, 5 * second, 7 * second, 1 | 4));
  must("stat", fd_filestat_get(fd, room));
  checkThat("fd_filestat_set_times", "both are there", load<u64>(room, 40) == 5 * second && load<u64>(room, 48) == 7 * second);
  check("fd_filestat_set_times", SUCCESS, "one", fd_filestat_set_times(fd, 0, 9 * second, 4));
  must("stat", fd_filestat_get(fd, room));
  checkThat("fd_filestat_set_times", "the other stays", load<u64>(room, 40) == 5 * second && load<u64>(room, 48) == 9 * second);
  check("fd_filestat_set_times", SUCCESS, "now", fd_filestat_set_times(fd, 0, 0, 2 | 8));
  must("stat", fd_filestat_get(fd, room));
  checkThat("fd_filestat_set_times", "now is later", load<u64>(room, 40) > 1_600_000_000 * second);
  check("fd_filestat_set_times", EINVAL, "a time and now", fd_filestat_set_times(fd, 0, 0, 1 | 2));
  check("fd_filestat_set_times", EINVAL, "no such flag", fd_filestat_set_times(fd, 0, 0, 16));
}

function checkStat(fd: u32): void {
  check("fd_filestat_get", SUCCESS, "a file", fd_filestat_get(fd, room));
  checkThat("fd_filestat_get", "a file of 10 bytes", load<u8>(room, 16) == 4 && load<u64>(room, 32) == 10);
  checkThat("fd_filestat_get", "one link", load<u64>(room, 24) == 1);
  const reader = openFile("file", FD_READ | FD_SEEK, APPEND);
  check("fd_fdstat_get", SUCCESS, "a file", fd_fdstat_get(reader, room));
  checkThat("fd_fdstat_get", "is a regular file", load<u8>(room) == 4);
  checkThat("fd_fdstat_get", "has the flags it was opened with", load<u16>(room, 2) == APPEND);
  checkThat("fd_fdstat_get", "has the rights it was opened with", load<u64>(room, 8) == (FD_READ | FD_SEEK));
  must("close", fd_close(reader));
}

function checkSync(fd: u32): void {
  check("fd_sync", SUCCESS, "a file", fd_sync(fd));
  check("fd_datasync", SUCCESS, "a file", fd_datasync(fd));
  for (let advice: u32 = 0; advice < 6; advice++) {
    check("fd_advise", SUCCESS, "advice " + advice.toString(), fd_advise(fd, 0, 0, advice));
  }
  check("fd_advise", EINVAL, "no such advice", fd_advise(fd, 0, 0, 6));
}

function checkPointers(fd: u32): void {
  const vector = iovec(room, 4);
  check("fd_seek", EFAULT, "outside", fd_seek(fd, 0, SET, OUTSIDE));
  check("fd_tell", EFAULT, "outside", fd_tell(fd, OUTSIDE));
  check("fd_pread", EFAULT, "vectors outside", fd_pread(fd, OUTSIDE, 1, 0, room));
  check("fd_pread", EFAULT, "count outside", fd_pread(fd, vector, 1, 0, OUTSIDE));
  check("fd_pwrite", EFAULT, "vectors outside", fd_pwrite(fd, OUTSIDE, 1, 0, room));
  check("fd_pwrite", EFAULT, "count outside", fd_pwrite(fd, vector, 1, 0, OUTSIDE));
  check("fd_pread", EFAULT, "buffer outside", fd_pread(fd, iovec(OUTSIDE, 64), 1, 0, room));
  check("fd_pwrite", EFAULT, "buffer outside", fd_pwrite(fd, iovec(OUTSIDE, 64), 1, 0, room));
  checkThat("fd_pwrite", "writes nothing when it fails", contentOf(fd) == "0XY0000000");
}

/** What is for regular files, on a directory; and what both have. */
function checkDirectory(fd: u32): void {
  const why = "a directory";
  const vector = iovec(room, 4);
  check("fd_read", EISDIR, why, fd_read(fd, vector, 1, room + 8));
  check("fd_write", EISDIR, why, fd_write(fd, vector, 1, room + 8));
  check("fd_pread", EISDIR, why, fd_pread(fd, vector, 1, 0, room + 8));
  check("fd_pwrite", EISDIR, why, fd_pwrite(fd, vector, 1, 0, room + 8));
  check("fd_seek", EISDIR, why, seek(fd, 0, SET));
  check("fd_tell", EISDIR, why, fd_tell(fd, room));
  check("fd_advise", EISDIR, why, fd_advise(fd, 0, 0, 0));
  check("fd_allocate", EISDIR, why, fd_allocate(fd, 0, 1));
  check("fd_filestat_set_size", EISDIR, why, fd_filestat_set_size(fd, 0));
  check("fd_filestat_get", SUCCESS, why, fd_filestat_get(fd, room));
  checkThat("fd_filestat_get", "a directory is one", load<u8>(room, 16) == 3);
  check("fd_fdstat_get", SUCCESS, why, fd_fdstat_get(fd, room));
  checkThat("fd_fdstat_get", "a directory is one", load<u8>(room) == 3);
  check("fd_filestat_set_times", SUCCESS, why, fd_filestat_set_times(fd, 0, 0, 2 | 8));
  check("fd_sync", SUCCESS, why, fd_sync(fd));
  check("fd_datasync", SUCCESS, why, fd_datasync(fd));
  must("close", fd_close(fd));
}

function checkRights(): void {
  const why = "opened without the right";
  const fd = openFile("file", 0);
  const vector = iovec(room, 4);
  check("fd_read", ENOTCAPABLE, why, fd_read(fd, vector, 1, room + 8));
  check("fd_write", ENOTCAPABLE, why, fd_write(fd, vector, 1, room + 8));
  check("fd_pread", ENOTCAPABLE, why, fd_pread(fd, vector, 1, 0, room + 8));
  check("fd_pwrite", ENOTCAPABLE, why, fd_pwrite(fd, vector, 1, 0, room + 8));
  check("fd_seek", ENOTCAPABLE, why, seek(fd, 1, SET));
  check("fd_tell", ENOTCAPABLE, why, fd_tell(fd, room));
  check("fd_advise", ENOTCAPABLE, why, fd_advise(fd, 0, 0, 0));
  check("fd_allocate", ENOTCAPABLE, why, fd_allocate(fd, 0, 1));
  check("fd_sync", ENOTCAPABLE, why, fd_sync(fd));
  check("fd_datasync", ENOTCAPABLE, why, fd_datasync(fd));
  check("fd_filestat_get", ENOTCAPABLE, why, fd_filestat_get(fd, room));
  check("fd_filestat_set_size", ENOTCAPABLE, why, fd_filestat_set_size(fd, 0));
  check("fd_filestat_set_times", ENOTCAPABLE, why, fd_filestat_set_times(fd, 0, 0, 2));
  check("fd_fdstat_set_flags", ENOTCAPABLE, why, fd_fdstat_set_flags(fd, APPEND));
  check("fd_fdstat_set_rights", ENOTCAPABLE, "more than it was opened with", fd_fdstat_set_rights(fd, FD_READ, 0));
  must("close", fd_close(fd));
  const teller = openFile("file", FD_TELL);
  check("fd_seek", SUCCESS, "asking where it is needs fd_tell alone", seek(teller, 0, CURRENT));
  check("fd_seek", ENOTCAPABLE, "moving needs fd_seek", seek(teller, 1, CURRENT));
  must("close", fd_close(teller));
}

function checkClose(fd: u32): void {
  const other = openFile("log", ALL);
  check("fd_renumber", SUCCESS, "a file onto another", fd_renumber(other, fd));
  checkThat("fd_renumber", "the other file is there now", contentOf(fd) == "ONE two three");
  check("fd_read", EBADF, "where it was", fd_read(other, iovec(room, 4), 1, room + 8));
  check("fd_close", SUCCESS, "a file", fd_close(fd));
  check("fd_read", EBADF, "after fd_close", fd_read(fd, iovec(room, 4), 1, room + 8));
}

/** A file has no byte from 2^53 on. */
function checkLimit(fd: u32): void {
  must("seek", seek(fd, TOO_FAR - 1, SET));
  check("fd_write", EFBIG, "at the end of what a file can be", write(fd, "xx"));
}

/** Takes more than the 1 MiB that the tree may hold. */
function checkNoSpace(): void {
  const fd = openFile("large", ALL);
  check("fd_allocate", ENOSPC, "more than there is", fd_allocate(fd, 0, 2 << 20));
  check("fd_filestat_set_size", ENOSPC, "more than there is", fd_filestat_set_size(fd, 2 << 20));
  const bytes = new ArrayBuffer(65_536);
  const at = changetype<usize>(bytes);
  let code = SUCCESS;
  for (let i = 0; i < 32 && code == SUCCESS; i++) {
    code = fd_write(fd, iovec(at, 65_536), 1, room);
    if (load<u32>(room) == 0) break;
  }
  check("fd_write", ENOSPC, "more than there is", code);
  check("fd_pwrite", ENOSPC, "more than there is", fd_pwrite(fd, iovec(at, 65_536), 1, 4 << 20, room));
  must("cutting", fd_filestat_set_size(fd, 0));
  must("seek", seek(fd, 0, SET));
  check("fd_write", SUCCESS, "when there is room again", fd_write(fd, iovec(at, 65_536), 1, room));
  must("cutting", fd_filestat_set_size(fd, 0));
  must("close", fd_close(fd));
}

/** Names take room too: what takes the most of it first, so that there is none left for what takes less. */
function checkNoRoomForNames(): void {
  const long = "n".repeat(200);
  const file = new Path("file");
  let made = 0;
  let code = SUCCESS;
  for (; code == SUCCESS; made++) {
    const path = new Path(long + made.toString());
    code = path_create_directory(TREE, path.at, path.length);
  }
  check("path_create_directory", ENOSPC, "more than there is room for", code);
  for (code = SUCCESS; code == SUCCESS; made++) {
    const path = new Path(long + made.toString());
    code = path_link(TREE, 0, file.at, file.length, TREE, path.at, path.length);
  }
  check("path_link", ENOSPC, "more than there is room for", code);
  const fresh = new Path(long + "x");
  check("path_open", ENOSPC, "no room for its name", open(TREE, long + "x", O_CREAT, FD_READ));
  check("path_symlink", ENOSPC, "no room for its name", path_symlink(file.at, file.length, TREE, fresh.at, fresh.length));
  const renamed = path_rename(TREE, file.at, file.length, TREE, fresh.at, fresh.length);
  check("path_rename", ENOSPC, "no room for its longer name", renamed);
  const first = new Path(long + "0");
  must("rmdir", path_remove_directory(TREE, first.at, first.length));
  check("path_create_directory", SUCCESS, "when there is room again", path_create_directory(TREE, fresh.at, fresh.length));
}

function checkTooMany(): void {
  let code = SUCCESS;
  for (let i = 0; i < 2_000 && code == SUCCESS; i++) code = open(TREE, "file", O_CREAT, FD_READ | FD_WRITE);
  // Below the mounts of a node all guests together have fewer.
  const wanted = argument(1) == "real, off the thread" ? ENFILE : EMFILE;
  check("path_open", wanted, "more than may be open", code);
  must("close", fd_close(opened));
  check("path_open", SUCCESS, "when one was closed", open(TREE, "file", 0, FD_READ));
}
