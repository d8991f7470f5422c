/** Opens a directory of this machine for guests. */
import { constants, openSync } from "node:fs";
import { EmendError, messageOf } from "../../../errors.ts";
import { diskThread } from "./disk-thread.ts";
import { HostDirectory } from "./host-directory.ts";
import { OffThreadDirectory } from "./off-thread-directory.ts";

export interface HostDirectoryOptions {
  /** Refuses every change with EROFS, and asks the system for none. */
  readonly readOnly: boolean;
}

/**
 * Opens a directory whose every answer comes at once: for a process with one guest, which nobody else waits for. The
 * path itself is the operator's, and links in it are followed.
 *
 * @throws EmendError `io` when there is no such directory, or it may not be opened.
 */
export function openHostDirectory(path: string, { readOnly }: HostDirectoryOptions): HostDirectory {
  try {
    return new HostDirectory(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY), readOnly);
  } catch (error) {
    throw new EmendError("io", `${path}: expected a directory that can be opened: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * As `openHostDirectory`, but what a disk has to be asked for is answered by a promise, from a thread that all such
 * directories of the process share. Only this opening holds the caller.
 */
export function openHostDirectoryOffThread(path: string, options: HostDirectoryOptions): OffThreadDirectory {
  const { descriptor, readOnly } = openHostDirectory(path, options);
  diskThread.opened();
  return new OffThreadDirectory({ descriptor, readOnly }, diskThread);
}
