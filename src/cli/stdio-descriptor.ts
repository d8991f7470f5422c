/**
 * A descriptor of this process that a guest's stdio is moved through. Reads and writes that would have to wait must
 * not hold the thread, and the descriptor itself cannot be made non-blocking: it is shared with whoever else has it.
 * So a pipe or a terminal is opened once more through /proc, which gives an open file of our own; a file or a disk
 * never keeps anybody waiting and is used as it is, since its offset is shared on purpose.
 */
import { constants, fstatSync, openSync, type Stats } from "node:fs";
import { isatty } from "node:tty";

export interface StdioDescriptor {
  /** The process's own number. It may block, so it is only used on the runtime's threads. */
  readonly fd: number;
  /** What can be tried at once; undefined where there is no way (sockets, other systems than Linux). */
  readonly immediateFd: number | undefined;
  readonly isTerminal: boolean;
  /** Keeps two descriptors of the same pipe, terminal or socket apart from others; undefined for files. */
  readonly stream: string | undefined;
}

/** Looks at descriptor 0, 1 or 2. */
export function stdioDescriptor(fd: 0 | 1 | 2): StdioDescriptor {
  const stat = fstatSync(fd);
  if (stat.isFile() || stat.isDirectory() || stat.isBlockDevice())
    return { fd, immediateFd: fd, isTerminal: false, stream: undefined };
  return {
    fd,
    immediateFd: openAnew(fd, stat),
    isTerminal: isatty(fd),
    stream: `${stat.dev}:${stat.ino}`,
  };
}

function openAnew(fd: 0 | 1 | 2, stat: Stats): number | undefined {
  if (!stat.isFIFO() && !stat.isCharacterDevice()) return undefined;
  // Elsewhere /dev/fd duplicates the descriptor, and the flag would reach everybody who shares it.
  if (process.platform !== "linux") return undefined;
  const direction = fd === 0 ? constants.O_RDONLY : constants.O_WRONLY;
  try {
    return openSync(`/proc/self/fd/${fd}`, direction | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // No /proc, or a terminal that belongs to another user: the runtime's threads serve.
    return undefined;
  }
}

/** Whether a read or write failed only because it would have had to wait. */
export function isRetryable(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : "";
  return code === "EAGAIN" || code === "EINTR";
}

/** How long to wait where somebody else made a descriptor non-blocking and nothing tells when it is ready. */
export const retryAfterMs = 5;
