// Names: what is made, moved, removed and looked up by a path. The tree may be written to.
import {
  fd_close,
  fd_fdstat_get,
  path_create_directory,
  path_filestat_get,
  path_filestat_set_times,
  path_link,
  path_open,
  path_readlink,
  path_remove_directory,
  path_rename,
  path_symlink,
  path_unlink_file,
} from "./calls";
import { check, checkThat, finish, must, OTHER, OUTSIDE, room, TREE } from "./check";
import {
  EBUSY,
  EEXIST,
  EFAULT,
  EINVAL,
  EISDIR,
  ELOOP,
  ENOENT,
  ENOTCAPABLE,
  ENOTDIR,
  ENOTEMPTY,
  EPERM,
  EXDEV,
  SUCCESS,
} from "./errno";
import {
  ALL,
  APPEND,
  contentOf,
  FD_READ,
  FD_READDIR,
  FD_WRITE,
  FOLLOW,
  isType,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_TRUNC,
  open,
  opened,
  openDirectory,
  openFile,
  Path,
  put,
  sizeIs,
  stat,
  statOf,
} from "./tree";

export function _start(): void {
  checkCreate();
  checkOpen();
  checkOpenRights();
  checkLinks();
  checkStat();
  checkHardLinks();
  checkRename();
  checkRemove();
  finish();
}

function mkdir(path: string): u32 {
  const p = new Path(path);
  return path_create_directory(TREE, p.at, p.length);
}

function rmdir(path: string): u32 {
  const p = new Path(path);
  return path_remove_directory(TREE, p.at, p.length);
}

function unlink(path: string): u32 {
  const p = new Path(path);
  return path_unlink_file(TREE, p.at, p.length);
}

function rename(from: string, to: string, dir: u32 = TREE): u32 {
  const a = new Path(from);
  const b = new Path(to);
  return path_rename(TREE, a.at, a.length, dir, b.at, b.length);
}

function link(from: string, to: string, lookup: u32 = 0, dir: u32 = TREE): u32 {
  const a = new Path(from);
  const b = new Path(to);
  return path_link(TREE, lookup, a.at, a.length, dir, b.at, b.length);
}

function symlink(target: string, path: string): u32 {
  const a = new Path(target);
  const b = new Path(path);
  return path_symlink(a.at, a.length, TREE, b.at, b.length);
}

function readlink(path: string, size: u32): u32 {
  const p = new Path(path);
  memory.fill(room, 0x3f, 64);
  return path_readlink(TREE, p.at, p.length, room, size, room + 64);
}

function checkCreate(): void {
  check("path_create_directory", SUCCESS, "a new one", mkdir("a"));
  check("path_create_directory", EEXIST, "one that is there", mkdir("a"));
  check("path_create_directory", SUCCESS, "below it", mkdir("a/b"));
  check("path_create_directory", SUCCESS, "with a slash behind it", mkdir("a/c/"));
  check("path_create_directory", ENOENT, "below nothing", mkdir("none/b"));
  put("file", "hello");
  check("path_create_directory", EEXIST, "where a file is", mkdir("file"));
  check("path_create_directory", ENOTDIR, "below a file", mkdir("file/b"));
}

function checkOpen(): void {
  check("path_open", SUCCESS, "a file", open(TREE, "file", 0, FD_READ));
  checkThat("path_open", "its content is there", contentOf(opened) == "hello");
  must("close", fd_close(opened));
  check("path_open", SUCCESS, "by a way with dots", open(TREE, "a/../a/./b/../../file", 0, FD_READ));
  const first = opened;
  must("close", fd_close(first));
  must("open", open(TREE, "file", 0, FD_READ));
  checkThat("path_open", "the lowest free number", opened == first && first == OTHER + 1);
  must("close", fd_close(opened));
  check("path_open", ENOENT, "what is not there", open(TREE, "none", 0, FD_READ));
  check("path_open", ENOTDIR, "below a file", open(TREE, "file/x", 0, FD_READ));
  check("path_open", ENOTDIR, "a file with a slash behind it", open(TREE, "file/", 0, FD_READ));
  check("path_open", ENOTDIR, "a file as a directory", open(TREE, "file", O_DIRECTORY, 0));
  check("path_open", EISDIR, "a directory for writing", open(TREE, "a", 0, FD_WRITE));
  check("path_open", EEXIST, "exclusively what is there", open(TREE, "file", O_CREAT | O_EXCL, FD_READ));
  check("path_open", SUCCESS, "exclusively what is not there", open(TREE, "new", O_CREAT | O_EXCL, FD_READ));
  must("close", fd_close(opened));
  check("path_open", SUCCESS, "cutting", open(TREE, "file", O_TRUNC, FD_WRITE));
  must("stat", statOf("file"));
  checkThat("path_open", "nothing is left", sizeIs(0));
  must("close", fd_close(opened));
  put("file", "hello");
  check("path_open", EINVAL, "creating a directory", open(TREE, "d", O_CREAT | O_DIRECTORY, 0));
  check("path_open", EINVAL, "no such oflag", open(TREE, "file", 0x10, 0));
  check("path_open", EINVAL, "no such fdflag", open(TREE, "file", 0, 0, 0x20));
  check("path_open", EINVAL, "no such lookup flag", open(TREE, "file", 0, 0, 0, 2));
  const p = new Path("file");
  check("path_open", EFAULT, "the answer outside", path_open(TREE, 0, p.at, p.length, 0, FD_READ, 0, 0, OUTSIDE));
}

function checkOpenRights(): void {
  must("open", open(TREE, "a", O_DIRECTORY, FD_READDIR));
  check("path_open", ENOTCAPABLE, "below a directory opened without the right", open(opened, "b", O_DIRECTORY, 0));
  must("close", fd_close(opened));
  const a = new Path("a");
  const all = ALL & ~FD_WRITE;
  must("open", path_open(TREE, 0, a.at, a.length, O_DIRECTORY, all, FD_READ, 0, room));
  const narrow = load<u32>(room);
  check("path_open", ENOTCAPABLE, "more than the directory hands on", open(narrow, "x", O_CREAT, FD_READ | FD_WRITE));
  const x = new Path("x");
  check("path_open", SUCCESS, "what it hands on", path_open(narrow, 0, x.at, x.length, O_CREAT, FD_READ, 0, 0, room));
  must("fdstat", fd_fdstat_get(load<u32>(room), room + 8));
  checkThat("path_open", "has the rights that were asked for", load<u64>(room + 8, 8) == FD_READ);
  must("close", fd_close(load<u32>(room)));
  must("close", fd_close(narrow));
  const uncreative = openDirectory("a", ALL & ~0x400);
  check("path_open", ENOTCAPABLE, "creating without the right", open(uncreative, "y", O_CREAT, FD_READ));
  must("close", fd_close(uncreative));
  const uncut = openDirectory("a", ALL & ~0x8_0000);
  check("path_open", ENOTCAPABLE, "cutting without the right", open(uncut, "x", O_TRUNC, FD_READ));
  must("close", fd_close(uncut));
  must("open", open(TREE, "file", 0, FD_READ, APPEND));
  must("fdstat", fd_fdstat_get(opened, room));
  checkThat("path_open", "has the flags that were asked for", load<u16>(room, 2) == APPEND);
  must("close", fd_close(opened));
}

function checkLinks(): void {
  check("path_symlink", SUCCESS, "to a file", symlink("../file", "a/link"));
  check("path_symlink", EEXIST, "where something is", symlink("file", "a/link"));
  check("path_symlink", EPERM, "to an absolute path", symlink("/etc/passwd", "absolute"));
  check("path_symlink", SUCCESS, "to what is not there", symlink("nowhere", "dangling"));
  check("path_symlink", SUCCESS, "to itself", symlink("loop", "loop"));
  check("path_symlink", SUCCESS, "out of the tree", symlink("../../outside", "escape"));
  check("path_symlink", ENOENT, "below nothing", symlink("file", "none/link"));
  check("path_open", SUCCESS, "through a symbolic link", open(TREE, "a/link", 0, FD_READ, 0, FOLLOW));
  checkThat("path_open", "what it leads to", contentOf(opened) == "hello");
  must("close", fd_close(opened));
  check("path_open", ELOOP, "a symbolic link that is not followed", open(TREE, "a/link", 0, FD_READ));
  check("path_open", ELOOP, "a symbolic link to itself", open(TREE, "loop", 0, FD_READ, 0, FOLLOW));
  check("path_open", ENOENT, "a symbolic link to nothing", open(TREE, "dangling", 0, FD_READ, 0, FOLLOW));
  check("path_open", EPERM, "a symbolic link that leads out", open(TREE, "escape", 0, FD_READ, 0, FOLLOW));
  check("path_open", EPERM, "a path that leads out", open(TREE, "../outside", 0, FD_READ));
  check("path_open", EPERM, "an absolute path", open(TREE, "/file", 0, FD_READ));
  check("path_readlink", SUCCESS, "whole", readlink("a/link", 64));
  checkThat("path_readlink", "is the target", load<u32>(room, 64) == 7 && String.UTF8.decodeUnsafe(room, 7) == "../file");
  check("path_readlink", SUCCESS, "cut", readlink("a/link", 3));
  checkThat("path_readlink", "is cut there", load<u32>(room, 64) == 3 && load<u32>(room) == 0x3f2f_2e2e);
  check("path_readlink", EINVAL, "a file", readlink("file", 64));
  check("path_readlink", EINVAL, "a directory", readlink("a", 64));
  check("path_readlink", ENOENT, "what is not there", readlink("none", 64));
  const p = new Path("a/link");
  check("path_readlink", EFAULT, "buffer outside", path_readlink(TREE, p.at, p.length, OUTSIDE, 64, room));
  check("path_readlink", EFAULT, "count outside", path_readlink(TREE, p.at, p.length, room, 64, OUTSIDE));
}

function checkStat(): void {
  check("path_filestat_get", SUCCESS, "a file", statOf("file"));
  checkThat("path_filestat_get", "a file of 5 bytes", isType(4) && sizeIs(5));
  check("path_filestat_get", SUCCESS, "a directory", statOf("a"));
  checkThat("path_filestat_get", "a directory is one", isType(3));
  check("path_filestat_get", SUCCESS, "a symbolic link itself", statOf("a/link"));
  checkThat("path_filestat_get", "as long as its target", isType(7) && sizeIs(7));
  check("path_filestat_get", SUCCESS, "through a symbolic link", statOf("a/link", FOLLOW));
  checkThat("path_filestat_get", "what it leads to", isType(4) && sizeIs(5));
  check("path_filestat_get", EINVAL, "no such flag", statOf("file", 2));
  const p = new Path("file");
  check("path_filestat_get", EFAULT, "outside", path_filestat_get(TREE, 0, p.at, p.length, OUTSIDE));
  const second: u64 = 1_000_000_000;
  const times = path_filestat_set_times(TREE, 0, p.at, p.length, 3 * second, 4 * second, 1 | 4);
  check("path_filestat_set_times", SUCCESS, "both", times);
  must("stat", statOf("file"));
  checkThat("path_filestat_set_times", "both are there", load<u64>(stat, 40) == 3 * second && load<u64>(stat, 48) == 4 * second);
  const l = new Path("a/link");
  const followed = path_filestat_set_times(TREE, FOLLOW, l.at, l.length, 0, 6 * second, 4);
  check("path_filestat_set_times", SUCCESS, "through a symbolic link", followed);
  must("stat", statOf("file"));
  checkThat("path_filestat_set_times", "of what it leads to", load<u64>(stat, 40) == 3 * second && load<u64>(stat, 48) == 6 * second);
  check("path_filestat_set_times", EINVAL, "a time and now", path_filestat_set_times(TREE, 0, p.at, p.length, 0, 0, 3));
  check("path_filestat_set_times", EINVAL, "no such flag", path_filestat_set_times(TREE, 0, p.at, p.length, 0, 0, 16));
  check("path_filestat_set_times", EINVAL, "no such lookup flag", path_filestat_set_times(TREE, 2, p.at, p.length, 0, 0, 2));
}

function checkHardLinks(): void {
  check("path_link", SUCCESS, "a file", link("file", "second"));
  must("stat", statOf("second"));
  checkThat("path_link", "two links", load<u64>(stat, 24) == 2 && sizeIs(5));
  check("path_link", EEXIST, "where something is", link("file", "second"));
  check("path_link", EPERM, "a directory", link("a", "directory"));
  check("path_link", EINVAL, "no such flag", link("file", "third", 2));
  check("path_link", ENOENT, "what is not there", link("none", "third"));
  check("path_link", EXDEV, "into a directory of another kind", link("file", "third", 0, OTHER));
  check("path_link", SUCCESS, "a symbolic link itself", link("dangling", "dangling2"));
  must("unlink", unlink("second"));
  must("stat", statOf("file"));
  checkThat("path_unlink_file", "one link is left", load<u64>(stat, 24) == 1);
}

function checkRename(): void {
  put("one", "1");
  put("two", "22");
  check("path_rename", SUCCESS, "to a new name", rename("one", "a/one"));
  check("path_filestat_get", ENOENT, "where it was", statOf("one"));
  check("path_rename", SUCCESS, "onto a file", rename("a/one", "two"));
  must("stat", statOf("two"));
  checkThat("path_rename", "takes its place", sizeIs(1));
  check("path_rename", SUCCESS, "onto itself", rename("two", "two"));
  check("path_rename", EISDIR, "a file onto a directory", rename("two", "a/b"));
  check("path_rename", ENOTDIR, "a directory onto a file", rename("a/b", "two"));
  check("path_rename", ENOTEMPTY, "onto a directory with something in it", rename("a/b", "a"));
  check("path_rename", SUCCESS, "onto an empty directory", rename("a/b", "a/c"));
  check("path_rename", EINVAL, "a directory into itself", rename("a", "a/c/inside"));
  check("path_rename", EBUSY, "the tree itself", rename("a/..", "x"));
  check("path_rename", EBUSY, "onto the tree itself", rename("a", "a/.."));
  check("path_rename", ENOENT, "what is not there", rename("none", "x"));
  check("path_rename", ENOENT, "to below nothing", rename("two", "none/x"));
  check("path_rename", EXDEV, "into a directory of another kind", rename("two", "two", OTHER));
  check("path_rename", SUCCESS, "a symbolic link itself", rename("dangling", "dangling3"));
}

function checkRemove(): void {
  check("path_unlink_file", EISDIR, "a directory", unlink("a"));
  check("path_unlink_file", ENOENT, "what is not there", unlink("none"));
  check("path_unlink_file", ENOTDIR, "below a file", unlink("file/x"));
  const fd = openFile("two", FD_READ);
  check("path_unlink_file", SUCCESS, "a file that is open", unlink("two"));
  checkThat("path_unlink_file", "it can still be read", contentOf(fd) == "1");
  must("close", fd_close(fd));
  check("path_unlink_file", SUCCESS, "a symbolic link itself", unlink("a/link"));
  check("path_filestat_get", SUCCESS, "what it led to", statOf("file"));
  check("path_remove_directory", ENOTDIR, "a file", rmdir("file"));
  check("path_remove_directory", ENOTEMPTY, "with something in it", rmdir("a"));
  check("path_remove_directory", EINVAL, "by its dot", rmdir("a/c/."));
  check("path_remove_directory", SUCCESS, "an empty one", rmdir("a/c"));
  check("path_remove_directory", ENOENT, "twice", rmdir("a/c"));
  check("path_remove_directory", ENOENT, "what is not there", rmdir("none"));
}
