// Standard output that nobody reads any more.
import { fd_close, fd_write } from "./calls";
import { check, finish, iovec, room } from "./check";
import { EBADF, EPIPE, SUCCESS } from "./errno";

export function _start(): void {
  check("fd_write", EPIPE, "nobody reads", fd_write(1, iovec(room, 4), 1, room + 8));
  check("fd_write", EPIPE, "nobody reads, again", fd_write(1, iovec(room, 4), 1, room + 8));
  check("fd_write", SUCCESS, "nothing", fd_write(1, iovec(room, 4), 0, room + 8));
  check("fd_close", SUCCESS, "standard output", fd_close(1));
  check("fd_write", EBADF, "when it is closed", fd_write(1, iovec(room, 4), 1, room + 8));
  finish();
}
