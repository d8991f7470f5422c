/**
 * What the operating system's errors are in preview 1. Their numbers differ from system to system, their names do
 * not. An error that no file operation is known to end with is EIO.
 */
import { errno } from "../../errno.ts";
import { Failure } from "../answer.ts";

/** Preview 1's errno of each name. Resource limits of the process read as those of the guest: it has no others. */
const byName: Readonly<Record<string, number>> = {
  EACCES: errno.acces,
  EAGAIN: errno.again,
  EBADF: errno.badf,
  EBUSY: errno.busy,
  EDQUOT: errno.dquot,
  EEXIST: errno.exist,
  EFBIG: errno.fbig,
  EILSEQ: errno.ilseq,
  EINVAL: errno.inval,
  EIO: errno.io,
  EISDIR: errno.isdir,
  ELOOP: errno.loop,
  EMFILE: errno.mfile,
  EMLINK: errno.mlink,
  ENAMETOOLONG: errno.nametoolong,
  ENFILE: errno.nfile,
  ENODEV: errno.nxio,
  ENOENT: errno.noent,
  ENOMEM: errno.nomem,
  ENOSPC: errno.nospc,
  ENOSYS: errno.notsup,
  ENOTDIR: errno.notdir,
  ENOTEMPTY: errno.notempty,
  ENOTSUP: errno.notsup,
  ENXIO: errno.nxio,
  EOPNOTSUPP: errno.notsup,
  EOVERFLOW: errno.overflow,
  EPERM: errno.perm,
  EPIPE: errno.pipe,
  EROFS: errno.rofs,
  ESPIPE: errno.spipe,
  ETXTBSY: errno.txtbsy,
  EXDEV: errno.xdev,
};

let byNumber: ReadonlyMap<number, number> | undefined;

/** The failure of one of this system's error numbers. */
export function failureOfNumber(systemErrno: number): Failure {
  byNumber ??= new Map(
    Object.entries(process.getBuiltinModule("node:os").constants.errno).map(([name, number]) => [
      number,
      byName[name] ?? errno.io,
    ]),
  );
  return Failure.of(byNumber.get(systemErrno) ?? errno.io);
}

/** The failure of what node:fs threw. What carries no code is not the disk's doing and thrown on. */
export function failureOfThrown(thrown: unknown): Failure {
  if (!(thrown instanceof Error) || !("code" in thrown) || typeof thrown.code !== "string") throw thrown;
  return Failure.of(byName[thrown.code] ?? errno.io);
}
