/** File descriptors. A guest sees only these numbers; none of them is a descriptor of the process itself. */
import type { DirectoryEntry, OpenDirectory, OpenFile } from "./files/index.ts";
import { allRights, directoryRights, right } from "./rights.ts";
import type { Input, Output } from "./stream.ts";

/** `$fdflags`. */
export const fdFlag = { append: 1, dsync: 2, nonblock: 4, rsync: 8, sync: 16 } as const;

/** Those of `$fdflags` that a file is opened with and that cannot change afterwards. */
export const syncFlags: number = fdFlag.dsync | fdFlag.rsync | fdFlag.sync;

interface Shared {
  flags: number;
  /** What this descriptor may still do: shrinks by fd_fdstat_set_rights, never grows. */
  rights: number;
  /** What descriptors opened through this one may get. */
  inheriting: number;
}

/** Standard input, output or error of a run. */
export interface StreamDescriptor extends Shared {
  readonly kind: "stream";
  readonly input: Input | undefined;
  readonly output: Output | undefined;
}

/** An open regular file. */
export interface FileDescriptor extends Shared {
  readonly kind: "file";
  readonly file: OpenFile;
  /** Whether it was reached through a preopen that nothing may be changed below. */
  readonly readOnly: boolean;
  /** Where the next fd_read or fd_write begins. */
  position: number;
}

/** An open directory, preopened or not. */
export interface DirectoryDescriptor extends Shared {
  readonly kind: "directory";
  readonly directory: OpenDirectory;
  readonly readOnly: boolean;
  /** The name that the guest knows it by, in UTF-8; undefined unless it was there when the guest began. */
  readonly preopenName: Uint8Array | undefined;
  /** What fd_readdir goes through: taken when it is asked for the first entry. */
  listing: readonly DirectoryEntry[] | undefined;
}

/** One open descriptor of a guest. */
export type Descriptor = StreamDescriptor | FileDescriptor | DirectoryDescriptor;

const streamRights = right.fdFdstatSetFlags | right.fdFilestatGet | right.pollFdReadwrite;

export function inputDescriptor(input: Input): StreamDescriptor {
  const rights = streamRights | right.fdRead;
  return { kind: "stream", input, output: undefined, flags: 0, rights, inheriting: 0 };
}

export function outputDescriptor(output: Output): StreamDescriptor {
  const rights = streamRights | right.fdWrite;
  return { kind: "stream", input: undefined, output, flags: fdFlag.append, rights, inheriting: 0 };
}

export function preopenDescriptor(
  name: string,
  directory: OpenDirectory,
  readOnly: boolean,
): DirectoryDescriptor {
  return {
    kind: "directory",
    directory,
    readOnly,
    preopenName: new TextEncoder().encode(name),
    listing: undefined,
    flags: 0,
    rights: directoryRights,
    inheriting: allRights,
  };
}

/** Lets go of what a descriptor holds. A preopened directory and a stream are the run's and stay open. */
export function closeDescriptor(descriptor: Descriptor): void {
  if (descriptor.kind === "file") descriptor.file.close();
  else if (descriptor.kind === "directory" && descriptor.preopenName === undefined)
    descriptor.directory.close();
}
