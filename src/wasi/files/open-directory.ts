/**
 * An open directory, through which everything below it is reached, and nothing else. A path is not empty, has
 * at most `limits.pathBytesMax` bytes and no NUL; `..`, symbolic links and trailing slashes are resolved by the
 * directory. What leads out of this very directory, by `..`, by a symbolic link or by being absolute, is
 * `leadsOut`: EPERM, as wasmtime answers.
 */
import type { Answer } from "./answer.ts";
import type { OpenFile } from "./open-file.ts";
import { OpenNode, type Stat, type Times, unsupported } from "./open-node.ts";

/** One name in a directory, `.` and `..` left out. */
export interface DirectoryEntry {
  readonly name: string;
  readonly inode: bigint;
  /** One of `fileType`. */
  readonly type: number;
}

/** `$oflags`, and what of rights and flags matters when a file is opened. */
export interface OpenOptions {
  /** Whether a symbolic link at the end of the path is followed; ELOOP where it is not. */
  readonly follow: boolean;
  readonly create: boolean;
  readonly exclusive: boolean;
  /** Also for a file that is opened for neither reading nor writing. */
  readonly truncate: boolean;
  /** ENOTDIR for anything else. */
  readonly directory: boolean;
  readonly read: boolean;
  readonly write: boolean;
  /** Each write is on the disk when it is answered: `fdFlag.sync`, or `fdFlag.dsync` for the content alone. */
  readonly sync: "none" | "data" | "all";
}

export abstract class OpenDirectory extends OpenNode {
  open(_path: string, _options: OpenOptions): Answer<OpenFile | OpenDirectory> {
    return unsupported;
  }

  statAt(_path: string, _follow: boolean): Answer<Stat> {
    return unsupported;
  }

  setTimesAt(_path: string, _follow: boolean, _times: Times): Answer<undefined> {
    return unsupported;
  }

  /** All names at this moment, in any order that stays the same while nothing changes. */
  entries(): Answer<readonly DirectoryEntry[]> {
    return unsupported;
  }

  createDirectory(_path: string): Answer<undefined> {
    return unsupported;
  }

  removeDirectory(_path: string): Answer<undefined> {
    return unsupported;
  }

  unlinkFile(_path: string): Answer<undefined> {
    return unsupported;
  }

  /** EXDEV where `to` is of another kind or another preopened directory that cannot be reached from here. */
  rename(_from: string, _to: OpenDirectory, _toPath: string): Answer<undefined> {
    return unsupported;
  }

  /** A hard link at `toPath` below `to`. EXDEV as `rename`. */
  link(_from: string, _follow: boolean, _to: OpenDirectory, _toPath: string): Answer<undefined> {
    return unsupported;
  }

  /** A symbolic link at `path`. `target` is kept as it is; one that is absolute is refused. */
  symlink(_target: string, _path: string): Answer<undefined> {
    return unsupported;
  }

  readLink(_path: string): Answer<string> {
    return unsupported;
  }
}
