// What every call refuses that takes a path: the same list of bad ones for each, and in each place where a call
// takes one. The tree may be written to.
import {
  fd_close,
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
import { check, CLOSED, finish, must, OUTSIDE, room, TREE } from "./check";
import {
  EBADF,
  EFAULT,
  EILSEQ,
  EINVAL,
  ELOOP,
  ENAMETOOLONG,
  ENOENT,
  ENOTCAPABLE,
  ENOTDIR,
  EPERM,
} from "./errno";
import { FD_READ, FOLLOW, openDirectory, openFile, Path, put } from "./tree";

/** One call with one place for a descriptor and a path; whatever else it takes is good. */
type Act = (fd: u32, path: usize, length: u32) => u32;

let good: Path = new Path("good");
let fresh: Path = new Path("fresh");

export function _start(): void {
  put("good", "x");
  const target = new Path("loop");
  must("symlink", path_symlink(target.at, target.length, TREE, target.at, target.length));
  refuses("path_create_directory", "", (fd, path, length) => path_create_directory(fd, path, length));
  refuses("path_filestat_get", "", (fd, path, length) => path_filestat_get(fd, FOLLOW, path, length, room));
  refuses("path_filestat_set_times", "", (fd, path, length) =>
    path_filestat_set_times(fd, FOLLOW, path, length, 0, 0, 2),
  );
  refuses("path_link", "from ", (fd, path, length) => path_link(fd, FOLLOW, path, length, TREE, fresh.at, fresh.length));
  refuses("path_link", "to ", (fd, path, length) => path_link(TREE, 0, good.at, good.length, fd, path, length));
  refuses("path_open", "", (fd, path, length) => path_open(fd, FOLLOW, path, length, 0, FD_READ, 0, 0, room));
  refuses("path_readlink", "", (fd, path, length) => path_readlink(fd, path, length, room, 64, room + 64));
  refuses("path_remove_directory", "", (fd, path, length) => path_remove_directory(fd, path, length));
  refuses("path_rename", "from ", (fd, path, length) => path_rename(fd, path, length, TREE, fresh.at, fresh.length));
  refuses("path_rename", "to ", (fd, path, length) => path_rename(TREE, good.at, good.length, fd, path, length));
  refuses("path_symlink", "", (fd, path, length) => path_symlink(good.at, good.length, fd, path, length));
  refuses("path_unlink_file", "", (fd, path, length) => path_unlink_file(fd, path, length));
  const link = new Path("newlink");
  check("path_symlink", EFAULT, "target outside", path_symlink(OUTSIDE, 64, TREE, link.at, link.length));
  check("path_symlink", ENOENT, "empty target", path_symlink(link.at, 0, TREE, link.at, link.length));
  finish();
}

function refuses(call: string, where: string, act: Act): void {
  check(call, EBADF, where + "below a closed descriptor", act(CLOSED, good.at, good.length));
  const file = openFile("good", FD_READ);
  check(call, ENOTDIR, where + "below a file", act(file, good.at, good.length));
  must("close", fd_close(file));
  const powerless = openDirectory(".", 0);
  check(call, ENOTCAPABLE, where + "below a directory opened without the right", act(powerless, good.at, good.length));
  must("close", fd_close(powerless));
  check(call, EFAULT, where + "outside", act(TREE, OUTSIDE, 64));
  check(call, ENOENT, where + "empty", act(TREE, good.at, 0));
  path(call, EINVAL, where + "with a NUL", "a\0b", act);
  path(call, ENOENT, where + "below what is not there", "none/x", act);
  path(call, ENOTDIR, where + "through a file", "good/x", act);
  path(call, ELOOP, where + "through a symbolic link to itself", "loop/x", act);
  path(call, EPERM, where + "that leads out", "../x", act);
  path(call, EPERM, where + "that is absolute", "/good", act);
  path(call, ENAMETOOLONG, where + "with a name of 256 bytes", "n".repeat(256), act);
  path(call, ENAMETOOLONG, where + "of 4,097 bytes", "./".repeat(2_048) + "x", act);
  store<u16>(room, 0xfeff);
  check(call, EILSEQ, where + "that is no UTF-8", act(TREE, room, 2));
}

function path(call: string, wanted: u32, what: string, text: string, act: Act): void {
  const p = new Path(text);
  check(call, wanted, what, act(TREE, p.at, p.length));
}
