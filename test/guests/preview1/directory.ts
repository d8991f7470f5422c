// Directories: the preopened ones, and what is in one while it changes.
import {
  fd_close,
  fd_prestat_dir_name,
  fd_prestat_get,
  fd_readdir,
  path_create_directory,
  path_symlink,
  path_unlink_file,
} from "./calls";
import { check, checkThat, finish, must, OTHER, OUTSIDE, room, TREE } from "./check";
import { EBADF, EFAULT, ENAMETOOLONG, ENOTCAPABLE, ENOTDIR, SUCCESS } from "./errno";
import { ALL, FD_READDIR, openDirectory, openFile, Path, put } from "./tree";

const listed: usize = room + 1_024;
const HEAD: u32 = 24;

export function _start(): void {
  checkPreopens();
  make();
  const fd = openDirectory("many");
  checkListing(fd);
  checkCookies(fd);
  checkChanges(fd);
  checkRefusals(fd);
  finish();
}

function checkPreopens(): void {
  check("fd_prestat_get", EFAULT, "outside", fd_prestat_get(TREE, OUTSIDE));
  memory.fill(room, 0x3f, 16);
  check("fd_prestat_get", SUCCESS, "the tree", fd_prestat_get(TREE, room));
  checkThat("fd_prestat_get", "a directory whose name has 5 bytes", load<u8>(room) == 0 && load<u32>(room, 4) == 5);
  checkThat("fd_prestat_get", "8 bytes and none beyond", load<u64>(room, 8) == 0x3f3f_3f3f_3f3f_3f3f);
  check("fd_prestat_dir_name", EFAULT, "outside", fd_prestat_dir_name(TREE, OUTSIDE, 5));
  check("fd_prestat_dir_name", ENAMETOOLONG, "no room", fd_prestat_dir_name(TREE, room, 4));
  check("fd_prestat_dir_name", SUCCESS, "the tree", fd_prestat_dir_name(TREE, room, 5));
  checkThat("fd_prestat_dir_name", "is its name", String.UTF8.decodeUnsafe(room, 5) == "/tree");
  check("fd_prestat_get", SUCCESS, "the other", fd_prestat_get(OTHER, room));
  check("fd_prestat_get", EBADF, "behind the last", fd_prestat_get(OTHER + 1, room));
  check("fd_prestat_get", EBADF, "a stream", fd_prestat_get(0, room));
  const fd = openDirectory(".");
  check("fd_prestat_get", EBADF, "a directory that the guest opened", fd_prestat_get(fd, room));
  check("fd_prestat_dir_name", EBADF, "a directory that the guest opened", fd_prestat_dir_name(fd, room, 5));
  must("close", fd_close(fd));
}

/** many/: file00 to file19, a directory and a symbolic link. */
function make(): void {
  const many = new Path("many");
  must("mkdir many", path_create_directory(TREE, many.at, many.length));
  for (let i = 0; i < 20; i++) put("many/file" + i.toString().padStart(2, "0"), "x");
  const directory = new Path("many/directory");
  must("mkdir many/directory", path_create_directory(TREE, directory.at, directory.length));
  const target = new Path("file00");
  const link = new Path("many/link");
  must("symlink many/link", path_symlink(target.at, target.length, TREE, link.at, link.length));
}

let names: string[] = [];
let types: u8[] = [];
let inodes: u64[] = [];
let next: u64 = 0;

/** Adds the whole entries that a call answered; `next` is the cookie behind the last of them. */
function collect(used: u32): void {
  let at: u32 = 0;
  while (at + HEAD <= used) {
    const entry = listed + at;
    const length = load<u32>(entry, 16);
    if (at + HEAD + length > used) return;
    next = load<u64>(entry);
    inodes.push(load<u64>(entry, 8));
    types.push(load<u8>(entry, 20));
    names.push(String.UTF8.decodeUnsafe(entry + HEAD, length));
    at += HEAD + length;
  }
}

/** Lists a directory from the start in buffers of `size`; what the last call answered. */
function list(fd: u32, size: u32): u32 {
  names = [];
  types = [];
  inodes = [];
  next = 0;
  for (let turn = 0; turn < 200; turn++) {
    const code = fd_readdir(fd, listed, size, next, room);
    if (code != SUCCESS) return code;
    collect(load<u32>(room));
    if (load<u32>(room) < size) return SUCCESS;
  }
  return u32.MAX_VALUE;
}

function typeOf(name: string): i32 {
  const index = names.indexOf(name);
  return index < 0 ? -1 : types[index];
}

function areOnce(): bool {
  for (let i = 0; i < names.length; i++) if (names.indexOf(names[i], i + 1) >= 0) return false;
  return true;
}

function checkListing(fd: u32): void {
  check("fd_readdir", SUCCESS, "all at once", list(fd, 2_000));
  checkThat("fd_readdir", "every name once, . and .. among them", names.length == 24 && areOnce());
  checkThat("fd_readdir", "types", typeOf("file07") == 4 && typeOf("directory") == 3 && typeOf("link") == 7);
  checkThat("fd_readdir", "types of . and ..", typeOf(".") == 3 && typeOf("..") == 3);
  checkThat("fd_readdir", "a file has a number of its own", inodes[names.indexOf("file01")] != inodes[names.indexOf("file02")]);
}

function checkCookies(fd: u32): void {
  const sizes: u32[] = [64, 100, 333];
  for (let i = 0; i < sizes.length; i++) {
    const name = "in pieces of " + sizes[i].toString();
    check("fd_readdir", SUCCESS, name, list(fd, sizes[i]));
    checkThat("fd_readdir", name + " is all of it, once", names.length == 24 && areOnce());
  }
  memory.fill(listed, 0x3f, 64);
  check("fd_readdir", SUCCESS, "into less than an entry", fd_readdir(fd, listed, 10, 0, room));
  checkThat("fd_readdir", "fills what there is and nothing beyond", load<u32>(room) == 10 && load<u8>(listed, 10) == 0x3f);
  check("fd_readdir", SUCCESS, "into nothing", fd_readdir(fd, listed, 0, 0, room));
  checkThat("fd_readdir", "uses nothing", load<u32>(room) == 0);
  check("fd_readdir", SUCCESS, "far behind the end", fd_readdir(fd, listed, 100, 1_000_000, room));
  checkThat("fd_readdir", "there is nothing", load<u32>(room) == 0);
}

/** What is there all the time is listed once, whatever comes and goes in between. */
function checkChanges(fd: u32): void {
  names = [];
  next = 0;
  for (let turn = 0; turn < 200; turn++) {
    must("readdir", fd_readdir(fd, listed, 70, next, room));
    const used = load<u32>(room);
    collect(used);
    if (turn == 2) {
      const gone = new Path("many/file03");
      must("unlink", path_unlink_file(TREE, gone.at, gone.length));
      put("many/new", "x");
    }
    if (used < 70) break;
  }
  let missing = 0;
  for (let i = 0; i < 20; i++) if (i != 3 && names.indexOf("file" + i.toString().padStart(2, "0")) < 0) missing++;
  checkThat("fd_readdir", "while names come and go, all that stay are listed once", missing == 0 && areOnce());
  check("fd_readdir", SUCCESS, "from the start again", list(fd, 2_000));
  checkThat("fd_readdir", "what came and went is seen then", typeOf("new") == 4 && typeOf("file03") == -1);
}

function checkRefusals(fd: u32): void {
  check("fd_readdir", EFAULT, "buffer outside", fd_readdir(fd, OUTSIDE, 64, 0, room));
  check("fd_readdir", EFAULT, "count outside", fd_readdir(fd, listed, 64, 0, OUTSIDE));
  check("fd_readdir", ENOTDIR, "a file", fd_readdir(openFile("many/file00"), listed, 64, 0, room));
  const blind = openDirectory("many", ALL & ~FD_READDIR);
  check("fd_readdir", ENOTCAPABLE, "opened without the right", fd_readdir(blind, listed, 64, 0, room));
}
