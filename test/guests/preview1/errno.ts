/** Errno values of preview 1 that the checks expect, and a name for every one that may come instead. */
export const SUCCESS: u32 = 0;
export const EACCES: u32 = 2;
export const EAGAIN: u32 = 6;
export const EBADF: u32 = 8;
export const EBUSY: u32 = 10;
export const EEXIST: u32 = 20;
export const EFAULT: u32 = 21;
export const EFBIG: u32 = 22;
export const EILSEQ: u32 = 25;
export const EINVAL: u32 = 28;
export const EISDIR: u32 = 31;
export const ELOOP: u32 = 32;
export const EMFILE: u32 = 33;
export const ENAMETOOLONG: u32 = 37;
export const ENFILE: u32 = 41;
export const ENOENT: u32 = 44;
export const ENOSPC: u32 = 51;
export const ENOTDIR: u32 = 54;
export const ENOTEMPTY: u32 = 55;
export const ENOTSOCK: u32 = 57;
export const ENOTSUP: u32 = 58;
export const EOVERFLOW: u32 = 61;
export const EPERM: u32 = 63;
export const EPIPE: u32 = 64;
export const EROFS: u32 = 69;
export const ESPIPE: u32 = 70;
export const EXDEV: u32 = 75;
export const ENOTCAPABLE: u32 = 76;

const names = (
  "SUCCESS 2BIG ACCES ADDRINUSE ADDRNOTAVAIL AFNOSUPPORT AGAIN ALREADY BADF BADMSG BUSY CANCELED " +
  "CHILD CONNABORTED CONNREFUSED CONNRESET DEADLK DESTADDRREQ DOM DQUOT EXIST FAULT FBIG " +
  "HOSTUNREACH IDRM ILSEQ INPROGRESS INTR INVAL IO ISCONN ISDIR LOOP MFILE MLINK MSGSIZE MULTIHOP " +
  "NAMETOOLONG NETDOWN NETRESET NETUNREACH NFILE NOBUFS NODEV NOENT NOEXEC NOLCK NOLINK NOMEM NOMSG " +
  "NOPROTOOPT NOSPC NOSYS NOTCONN NOTDIR NOTEMPTY NOTRECOVERABLE NOTSOCK NOTSUP NOTTY NXIO OVERFLOW " +
  "OWNERDEAD PERM PIPE PROTO PROTONOSUPPORT PROTOTYPE RANGE ROFS SPIPE SRCH STALE TIMEDOUT TXTBSY " +
  "XDEV NOTCAPABLE"
).split(" ");

export function errnoName(code: u32): string {
  if (code == 0) return "SUCCESS";
  return code < <u32>names.length ? "E" + names[code] : code.toString();
}
