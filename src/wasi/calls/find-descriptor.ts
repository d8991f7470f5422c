/** The descriptor that a call names, held against what the call needs of it. */
import type { DirectoryDescriptor, FileDescriptor } from "../descriptor.ts";
import { errno } from "../errno.ts";
import type { WasiHost } from "../host.ts";

/** An open file with this right, or why not: EBADF, EISDIR, ENOTCAPABLE, and `onStream` for a stream. */
export function findFile(
  host: WasiHost,
  fd: number,
  needed: number,
  onStream: number,
): FileDescriptor | number {
  const descriptor = host.descriptors[fd];
  if (descriptor === undefined) return errno.badf;
  if (descriptor.kind === "stream") return onStream;
  if (descriptor.kind === "directory") return errno.isdir;
  return descriptor.rights & needed ? descriptor : errno.notcapable;
}

/** As `findFile`, for a call that changes the file; EROFS where nothing may be changed. */
export function findWritableFile(
  host: WasiHost,
  fd: number,
  needed: number,
  onStream: number,
): FileDescriptor | number {
  const found = findFile(host, fd, needed, onStream);
  return typeof found !== "number" && found.readOnly ? errno.rofs : found;
}

/** An open directory with this right, or why not: EBADF, ENOTDIR, ENOTCAPABLE. */
export function findDirectory(host: WasiHost, fd: number, needed: number): DirectoryDescriptor | number {
  const descriptor = host.descriptors[fd];
  if (descriptor === undefined) return errno.badf;
  if (descriptor.kind !== "directory") return errno.notdir;
  return (descriptor.rights & needed) === needed ? descriptor : errno.notcapable;
}

/** As `findDirectory`, for a call that changes what lies below it; EROFS where nothing may be changed. */
export function findWritableDirectory(
  host: WasiHost,
  fd: number,
  needed: number,
): DirectoryDescriptor | number {
  const found = findDirectory(host, fd, needed);
  return typeof found !== "number" && found.readOnly ? errno.rofs : found;
}

/** An open file or directory with this right, or why not: EBADF, ENOTCAPABLE, also for a stream. */
export function findNode(
  host: WasiHost,
  fd: number,
  needed: number,
): FileDescriptor | DirectoryDescriptor | number {
  const descriptor = host.descriptors[fd];
  if (descriptor === undefined) return errno.badf;
  return descriptor.kind !== "stream" && descriptor.rights & needed ? descriptor : errno.notcapable;
}
