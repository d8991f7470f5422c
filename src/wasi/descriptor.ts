/** File descriptors. A guest sees only these numbers; none of them is a descriptor of the process itself. */
import type { Input, Output } from "./stream.ts";

/** `$rights` of preview 1, the low 30 bits; the upper 34 have no meaning. */
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
  fdFilestatGet: 0x200000,
  pollFdReadwrite: 0x8000000,
} as const;

/** `$fdflags`. */
export const fdFlag = { append: 1, dsync: 2, nonblock: 4, rsync: 8, sync: 16 } as const;

/** `$filetype`: a stream is neither a terminal (so stdio buffers it whole) nor a file. */
export const fileType = {
  unknown: 0,
  blockDevice: 1,
  characterDevice: 2,
  directory: 3,
  regularFile: 4,
  symbolicLink: 7,
} as const;

/** One open descriptor: a stream of the request. */
export interface Descriptor {
  readonly input: Input | undefined;
  readonly output: Output | undefined;
  flags: number;
  /** What this descriptor may still do: shrinks by fd_fdstat_set_rights, never grows. */
  rights: number;
}

const streamRights = right.fdFdstatSetFlags | right.fdFilestatGet | right.pollFdReadwrite;

export function inputDescriptor(input: Input): Descriptor {
  return { input, output: undefined, flags: 0, rights: streamRights | right.fdRead };
}

export function outputDescriptor(output: Output): Descriptor {
  return { input: undefined, output, flags: fdFlag.append, rights: streamRights | right.fdWrite };
}
