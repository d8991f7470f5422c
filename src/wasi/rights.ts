/**
 * `$rights` of preview 1: what a descriptor may do. Of the 64 bits 30 have a meaning; the others are ignored.
 * Rights are only ever given away, by `fd_fdstat_set_rights` and by `path_open`.
 */

/** One bit each, in the order of the witx. */
export const right = {
  fdDatasync: 0x1,
  fdRead: 0x2,
  fdSeek: 0x4,
  fdFdstatSetFlags: 0x8,
  fdSync: 0x10,
  fdTell: 0x20,
  fdWrite: 0x40,
  fdAdvise: 0x80,
  fdAllocate: 0x100,
  pathCreateDirectory: 0x200,
  pathCreateFile: 0x400,
  pathLinkSource: 0x800,
  pathLinkTarget: 0x1000,
  pathOpen: 0x2000,
  fdReaddir: 0x4000,
  pathReadlink: 0x8000,
  pathRenameSource: 0x1_0000,
  pathRenameTarget: 0x2_0000,
  pathFilestatGet: 0x4_0000,
  pathFilestatSetSize: 0x8_0000,
  pathFilestatSetTimes: 0x10_0000,
  fdFilestatGet: 0x20_0000,
  fdFilestatSetSize: 0x40_0000,
  fdFilestatSetTimes: 0x80_0000,
  pathSymlink: 0x100_0000,
  pathRemoveDirectory: 0x200_0000,
  pathUnlinkFile: 0x400_0000,
  pollFdReadwrite: 0x800_0000,
  sockShutdown: 0x1000_0000,
  sockAccept: 0x2000_0000,
} as const;

/** All bits that have a meaning. */
export const allRights = 0x3fff_ffff;

const nodeRights =
  right.fdDatasync |
  right.fdFdstatSetFlags |
  right.fdSync |
  right.fdFilestatGet |
  right.fdFilestatSetTimes |
  right.pollFdReadwrite;

/** Rights that mean something on a regular file. */
export const fileRights: number =
  nodeRights |
  right.fdRead |
  right.fdSeek |
  right.fdTell |
  right.fdWrite |
  right.fdAdvise |
  right.fdAllocate |
  right.fdFilestatSetSize;

/** Rights that mean something on a directory. */
export const directoryRights: number =
  nodeRights |
  right.pathCreateDirectory |
  right.pathCreateFile |
  right.pathLinkSource |
  right.pathLinkTarget |
  right.pathOpen |
  right.fdReaddir |
  right.pathReadlink |
  right.pathRenameSource |
  right.pathRenameTarget |
  right.pathFilestatGet |
  right.pathFilestatSetSize |
  right.pathFilestatSetTimes |
  right.pathSymlink |
  right.pathRemoveDirectory |
  right.pathUnlinkFile;
