// Descriptors that are streams. Standard input has "abcdef" and is then waited for in vain; standard output takes
// eight bytes and then waits. What files answer is in file.ts, what directories answer in directory.ts.
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
  fd_prestat_dir_name,
  fd_prestat_get,
  fd_pwrite,
  fd_read,
  fd_readdir,
  fd_renumber,
  fd_seek,
  fd_sync,
  fd_tell,
  fd_write,
  path_open,
  sock_accept,
  sock_recv,
  sock_send,
  sock_shutdown,
} from "./calls";
import { check, checkThat, CLOSED, filled, finish, iovec, OUTSIDE, room } from "./check";
import { EAGAIN, EBADF, EFAULT, EINVAL, ENOTCAPABLE, ENOTDIR, ENOTSOCK, ESPIPE, SUCCESS } from "./errno";

const NONBLOCK: u32 = 4;
const FD_WRITE: u64 = 0x40;
/** One more than a call takes. */
const TOO_MANY: u32 = 1_025;

export function _start(): void {
  checkClosed();
  checkPosition();
  checkStat();
  checkVectors();
  checkRead();
  checkWrite();
  checkFlags();
  checkRights();
  checkRenumber();
  finish();
}

/** Every call that takes a descriptor; path_* are in path.ts. */
function checkClosed(): void {
  const why = "closed";
  check("fd_advise", EBADF, why, fd_advise(CLOSED, 0, 0, 0));
  check("fd_allocate", EBADF, why, fd_allocate(CLOSED, 0, 1));
  check("fd_close", EBADF, why, fd_close(CLOSED));
  check("fd_datasync", EBADF, why, fd_datasync(CLOSED));
  check("fd_fdstat_get", EBADF, why, fd_fdstat_get(CLOSED, room));
  check("fd_fdstat_set_flags", EBADF, why, fd_fdstat_set_flags(CLOSED, 0));
  check("fd_fdstat_set_rights", EBADF, why, fd_fdstat_set_rights(CLOSED, 0, 0));
  check("fd_filestat_get", EBADF, why, fd_filestat_get(CLOSED, room));
  check("fd_filestat_set_size", EBADF, why, fd_filestat_set_size(CLOSED, 0));
  check("fd_filestat_set_times", EBADF, why, fd_filestat_set_times(CLOSED, 0, 0, 0));
  check("fd_pread", EBADF, why, fd_pread(CLOSED, iovec(room, 1), 1, 0, room + 8));
  check("fd_prestat_dir_name", EBADF, why, fd_prestat_dir_name(CLOSED, room, 8));
  check("fd_prestat_get", EBADF, why, fd_prestat_get(CLOSED, room));
  check("fd_pwrite", EBADF, why, fd_pwrite(CLOSED, iovec(room, 1), 1, 0, room + 8));
  check("fd_read", EBADF, why, fd_read(CLOSED, iovec(room, 1), 1, room + 8));
  check("fd_readdir", EBADF, why, fd_readdir(CLOSED, room, 64, 0, room + 64));
  check("fd_renumber", EBADF, why, fd_renumber(CLOSED, 0));
  check("fd_renumber", EBADF, "onto one that is closed", fd_renumber(0, CLOSED));
  check("fd_seek", EBADF, why, fd_seek(CLOSED, 0, 0, room));
  check("fd_sync", EBADF, why, fd_sync(CLOSED));
  check("fd_tell", EBADF, why, fd_tell(CLOSED, room));
  check("fd_write", EBADF, why, fd_write(CLOSED, iovec(room, 1), 1, room + 8));
  check("sock_accept", EBADF, why, sock_accept(CLOSED, 0, room));
  check("sock_recv", EBADF, why, sock_recv(CLOSED, iovec(room, 1), 1, 0, room + 8, room + 16));
  check("sock_send", EBADF, why, sock_send(CLOSED, iovec(room, 1), 1, 0, room + 8));
  check("sock_shutdown", EBADF, why, sock_shutdown(CLOSED, 1));
}

function checkPosition(): void {
  const why = "a stream";
  check("fd_seek", ESPIPE, why, fd_seek(0, 0, 1, room));
  check("fd_tell", ESPIPE, why, fd_tell(0, room));
  check("fd_advise", ESPIPE, why, fd_advise(0, 0, 0, 0));
  check("fd_allocate", ENOTCAPABLE, why, fd_allocate(1, 0, 1));
  check("fd_sync", ENOTCAPABLE, why, fd_sync(1));
  check("fd_datasync", ENOTCAPABLE, why, fd_datasync(1));
  check("fd_filestat_set_size", ENOTCAPABLE, why, fd_filestat_set_size(1, 0));
  check("fd_filestat_set_times", ENOTCAPABLE, why, fd_filestat_set_times(1, 0, 0, 2));
  check("fd_pread", ESPIPE, why, fd_pread(0, iovec(room, 1), 1, 0, room + 8));
  check("fd_pwrite", ESPIPE, why, fd_pwrite(1, iovec(room, 1), 1, 0, room + 8));
  check("fd_readdir", ENOTDIR, why, fd_readdir(0, room, 64, 0, room + 64));
  check("path_open", ENOTDIR, "below a stream", path_open(0, 0, room, 1, 0, 0, 0, 0, room + 8));
  check("sock_accept", ENOTSOCK, why, sock_accept(0, 0, room));
  check("sock_recv", ENOTSOCK, why, sock_recv(0, iovec(room, 1), 1, 0, room + 8, room + 16));
  check("sock_send", ENOTSOCK, why, sock_send(1, iovec(room, 1), 1, 0, room + 8));
  check("sock_shutdown", ENOTSOCK, why, sock_shutdown(0, 1));
}

function checkStat(): void {
  check("fd_filestat_get", EFAULT, "outside", fd_filestat_get(0, OUTSIDE));
  memory.fill(room, 0x3f, 80);
  check("fd_filestat_get", SUCCESS, "a stream", fd_filestat_get(0, room));
  checkThat("fd_filestat_get", "a stream has no size", load<u64>(room, 32) == 0);
  checkThat("fd_filestat_get", "64 bytes and none beyond", filled(room + 64, 16, 0x3f));
  check("fd_fdstat_get", EFAULT, "outside", fd_fdstat_get(0, OUTSIDE));
  memory.fill(room, 0x3f, 40);
  check("fd_fdstat_get", SUCCESS, "a stream", fd_fdstat_get(1, room));
  checkThat("fd_fdstat_get", "output may be written to", (load<u64>(room, 8) & FD_WRITE) != 0);
  checkThat("fd_fdstat_get", "24 bytes and none beyond", filled(room + 24, 16, 0x3f));
}

function checkVectors(): void {
  check("fd_read", EFAULT, "vectors outside", fd_read(0, OUTSIDE, 1, room));
  check("fd_read", EFAULT, "count outside", fd_read(0, iovec(room, 1), 1, OUTSIDE));
  check("fd_read", EFAULT, "buffer outside", fd_read(0, iovec(OUTSIDE, 64), 1, room));
  check("fd_read", EINVAL, "too many vectors", fd_read(0, room, TOO_MANY, room));
  check("fd_write", EFAULT, "vectors outside", fd_write(1, OUTSIDE, 1, room));
  check("fd_write", EFAULT, "count outside", fd_write(1, iovec(room, 1), 1, OUTSIDE));
  check("fd_write", EFAULT, "buffer outside", fd_write(1, iovec(OUTSIDE, 64), 1, room));
  check("fd_write", EINVAL, "too many vectors", fd_write(1, room, TOO_MANY, room));
  check("fd_read", ENOTCAPABLE, "from output", fd_read(1, iovec(room, 1), 1, room + 8));
  check("fd_write", ENOTCAPABLE, "to input", fd_write(0, iovec(room, 1), 1, room + 8));
}

function checkRead(): void {
  memory.fill(room, 0, 32);
  const vectors = iovec(room, 2);
  store<u32>(vectors, <u32>room + 16, 8);
  store<u32>(vectors, 3, 12);
  check("fd_read", SUCCESS, "two buffers", fd_read(0, vectors, 2, room + 24));
  checkThat("fd_read", "in order", load<u16>(room) == 0x6261 && load<u8>(room + 16) == 0x63);
  checkThat("fd_read", "as many as there is room for", load<u32>(room + 24) == 5 && load<u8>(room + 19) == 0);
  check("fd_read", SUCCESS, "what is left", fd_read(0, iovec(room, 16), 1, room + 24));
  checkThat("fd_read", "is short", load<u32>(room + 24) == 1 && load<u8>(room) == 0x66);
  check("fd_read", SUCCESS, "into no buffer", fd_read(0, vectors, 0, room + 24));
}

function checkWrite(): void {
  memory.fill(room, 0x78, 16);
  const vectors = iovec(room, 2);
  store<u32>(vectors, <u32>room, 8);
  store<u32>(vectors, 3, 12);
  check("fd_write", SUCCESS, "two buffers", fd_write(1, vectors, 2, room + 24));
  checkThat("fd_write", "takes all", load<u32>(room + 24) == 5);
}

function checkFlags(): void {
  check("fd_fdstat_set_flags", EINVAL, "no such flag", fd_fdstat_set_flags(0, 0x100));
  check("fd_fdstat_set_flags", SUCCESS, "non-blocking input", fd_fdstat_set_flags(0, NONBLOCK));
  fd_fdstat_get(0, room);
  checkThat("fd_fdstat_set_flags", "is seen", load<u16>(room, 2) == NONBLOCK);
  check("fd_read", EAGAIN, "nothing there yet", fd_read(0, iovec(room, 1), 1, room + 8));
  check("fd_fdstat_set_flags", SUCCESS, "non-blocking output", fd_fdstat_set_flags(1, NONBLOCK));
  check("fd_write", SUCCESS, "what there is room for", fd_write(1, iovec(room, 16), 1, room + 24));
  checkThat("fd_write", "is short when it may not wait", load<u32>(room + 24) == 3);
  check("fd_write", EAGAIN, "no room", fd_write(1, iovec(room, 16), 1, room + 24));
}

function checkRights(): void {
  check("fd_fdstat_set_rights", ENOTCAPABLE, "more than there are", fd_fdstat_set_rights(0, FD_WRITE, 0));
  check("fd_fdstat_set_rights", ENOTCAPABLE, "more to inherit", fd_fdstat_set_rights(0, 0, 1));
  check("fd_fdstat_set_rights", SUCCESS, "none", fd_fdstat_set_rights(0, 0, 0));
  const why = "the right was given away";
  check("fd_read", ENOTCAPABLE, why, fd_read(0, iovec(room, 1), 1, room + 8));
  check("fd_fdstat_set_flags", ENOTCAPABLE, why, fd_fdstat_set_flags(0, 0));
  check("fd_filestat_get", ENOTCAPABLE, why, fd_filestat_get(0, room));
  check("fd_fdstat_set_rights", ENOTCAPABLE, "back again", fd_fdstat_set_rights(0, 2, 0));
  check("fd_fdstat_set_rights", SUCCESS, "none of output", fd_fdstat_set_rights(1, 0, 0));
  check("fd_write", ENOTCAPABLE, why, fd_write(1, iovec(room, 1), 1, room + 8));
}

function checkRenumber(): void {
  check("fd_renumber", SUCCESS, "onto input", fd_renumber(1, 0));
  check("fd_write", ENOTCAPABLE, "the one that moved", fd_write(0, iovec(room, 1), 1, room + 8));
  check("fd_write", EBADF, "where it was", fd_write(1, iovec(room, 1), 1, room + 8));
  check("fd_renumber", SUCCESS, "onto itself", fd_renumber(0, 0));
  check("fd_close", SUCCESS, "what moved", fd_close(0));
  check("fd_close", EBADF, "twice", fd_close(0));
}
