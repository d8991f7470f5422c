// Tells of each directory that it finds open: its name, whether a file could be made and take a MiB, and a note in it.
import { print, write } from "../../src/cli/templates/assemblyscript/cgi";
import { fd_prestat_dir_name, fd_prestat_get, fd_read, fd_write, path_open } from "./preview1/calls";

const MIB: u32 = 1_048_576;
const ALL: u64 = 0x3fff_ffff;
const READ: u64 = 0x2;
const name = memory.data(64);
const result = memory.data(8, 8);
const vector = memory.data(8, 4);
const content = memory.data(64);

export function _start(): void {
  const mib = heap.alloc(MIB);
  print("content-type: text/plain\n\n");
  for (let fd: u32 = 3; fd_prestat_get(fd, result) == 0; fd++) {
    const length = load<u32>(result, 4);
    fd_prestat_dir_name(fd, name, length);
    write(name, length);
    const made = open(fd, "left", 1 | 4, ALL);
    print(" made " + made.toString());
    if (made == 0) print(" wrote " + written(load<u32>(result), into(mib, MIB)));
    if (open(fd, "data/note.txt", 0, READ) == 0) {
      fd_read(load<u32>(result), into(content, 64), 1, result);
      print(" note ");
      write(content, load<u32>(result));
    }
    print("\n");
  }
}

function open(dir: u32, path: string, oflags: u32, rights: u64): u32 {
  const bytes = String.UTF8.encode(path);
  return path_open(dir, 0, changetype<usize>(bytes), bytes.byteLength, oflags, rights, 0, 0, result);
}

function into(at: usize, length: u32): usize {
  store<u32>(vector, <u32>at);
  store<u32>(vector, length, 4);
  return vector;
}

/** What fd_write answers: `all` or `less` of the MiB, or its errno. */
function written(fd: u32, vector: usize): string {
  const code = fd_write(fd, vector, 1, result);
  return code == 0 ? (load<u32>(result) == MIB ? "all" : "less") : code.toString();
}
