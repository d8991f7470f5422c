// A tree that may be read and not changed. It has "hello.txt" with "hello\n" and "sub/deep.txt".
import {
  fd_allocate,
  fd_close,
  fd_filestat_set_size,
  fd_filestat_set_times,
  fd_pwrite,
  fd_readdir,
  fd_write,
  path_create_directory,
  path_filestat_set_times,
  path_link,
  path_remove_directory,
  path_rename,
  path_symlink,
  path_unlink_file,
} from "./calls";
import { check, checkThat, finish, iovec, must, room, TREE } from "./check";
import { EEXIST, ENOENT, ENOTDIR, EROFS, SUCCESS } from "./errno";
import {
  ALL,
  contentOf,
  FD_READ,
  FD_WRITE,
  isType,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_TRUNC,
  open,
  opened,
  Path,
  sizeIs,
  statOf,
} from "./tree";

export function _start(): void {
  checkReading();
  checkNames();
  checkFile();
  checkAgain();
  finish();
}

function checkReading(): void {
  check("path_open", SUCCESS, "a file", open(TREE, "hello.txt", 0, FD_READ));
  checkThat("fd_pread", "its content", contentOf(opened) == "hello\n");
  must("close", fd_close(opened));
  check("path_filestat_get", SUCCESS, "a file", statOf("hello.txt"));
  checkThat("path_filestat_get", "a file of 6 bytes", isType(4) && sizeIs(6));
  check("path_filestat_get", SUCCESS, "below a directory", statOf("sub/deep.txt"));
  check("path_filestat_get", ENOENT, "what is not there", statOf("none"));
  check("path_filestat_get", ENOTDIR, "through a file", statOf("hello.txt/x"));
  check("path_open", SUCCESS, "a directory", open(TREE, "sub", O_DIRECTORY, ALL & ~FD_WRITE));
  check("fd_readdir", SUCCESS, "a directory", fd_readdir(opened, room, 512, 0, room + 512));
  // Three entries of 24 bytes: ".", ".." and "deep.txt".
  checkThat("fd_readdir", "what is in it", load<u32>(room, 512) == 3 * 24 + 1 + 2 + 8);
  must("close", fd_close(opened));
}

/** Nothing below the tree can be changed, through the tree or through a directory in it. */
function checkNames(): void {
  must("open", open(TREE, "sub", O_DIRECTORY, ALL & ~FD_WRITE));
  const sub = opened;
  const file = new Path("deep.txt");
  const fresh = new Path("new");
  check("path_open", EROFS, "for writing", open(sub, "deep.txt", 0, FD_WRITE));
  check("path_open", EROFS, "cutting", open(sub, "deep.txt", O_TRUNC, FD_READ));
  check("path_open", EROFS, "creating", open(sub, "new", O_CREAT, FD_READ));
  check("path_create_directory", EROFS, "a new one", path_create_directory(sub, fresh.at, fresh.length));
  check("path_remove_directory", EROFS, "one that is there", path_remove_directory(TREE, file.at, file.length));
  check("path_unlink_file", EROFS, "a file", path_unlink_file(sub, file.at, file.length));
  check("path_rename", EROFS, "a file", path_rename(sub, file.at, file.length, sub, fresh.at, fresh.length));
  check("path_link", EROFS, "a file", path_link(sub, 0, file.at, file.length, sub, fresh.at, fresh.length));
  check("path_symlink", EROFS, "a new one", path_symlink(file.at, file.length, sub, fresh.at, fresh.length));
  check("path_filestat_set_times", EROFS, "a file", path_filestat_set_times(sub, 0, file.at, file.length, 0, 0, 2));
  check("fd_filestat_set_times", EROFS, "a directory", fd_filestat_set_times(sub, 0, 0, 2));
  must("close", fd_close(sub));
}

function checkFile(): void {
  // Everything but writing, which path_open refuses by itself.
  must("open", open(TREE, "hello.txt", 0, ALL & ~FD_WRITE));
  const fd = opened;
  check("fd_allocate", EROFS, "a file", fd_allocate(fd, 0, 100));
  check("fd_filestat_set_size", EROFS, "a file", fd_filestat_set_size(fd, 0));
  check("fd_filestat_set_times", EROFS, "a file", fd_filestat_set_times(fd, 0, 0, 2));
  must("close", fd_close(fd));
}

function checkAgain(): void {
  must("open", open(TREE, "hello.txt", 0, FD_READ));
  checkThat("fd_pread", "its content is the same", contentOf(opened) == "hello\n");
  must("close", fd_close(opened));
  check("path_filestat_get", ENOENT, "what could not be made", statOf("sub/new"));
}
