/**
 * What the disk thread does: operations on files and directories of this machine, with arguments and answers that can
 * be sent between threads. Descriptors are the process's, so nothing is kept between two of them.
 */
import { Failure, type Result } from "../answer.ts";
import type { DirectoryEntry, OpenOptions } from "../open-directory.ts";
import type { Written } from "../open-file.ts";
import type { Stat, Times } from "../open-node.ts";
import { HostDirectory } from "./host-directory.ts";
import { HostFile } from "./host-file.ts";

/** An open file or directory, as both threads know it. */
export interface Handle {
  readonly descriptor: number;
  readonly readOnly: boolean;
}

export interface OpenedHandle extends Handle {
  readonly directory: boolean;
}

/** A directory's names, in a form that is quick to send: a name has no slash. */
export interface PackedEntries {
  readonly names: string;
  readonly inodes: BigUint64Array;
  readonly types: Uint8Array;
}

const directory = ({ descriptor, readOnly }: Handle): HostDirectory =>
  new HostDirectory(descriptor, readOnly);
const file = ({ descriptor, readOnly }: Handle): HostFile => new HostFile(descriptor, readOnly);

export const diskOperations = {
  open(on: Handle, path: string, options: OpenOptions): Result<OpenedHandle> {
    const opened = directory(on).open(path, options);
    if (opened instanceof Failure) return opened;
    const { descriptor, readOnly } = opened;
    return { descriptor, readOnly, directory: opened instanceof HostDirectory };
  },
  statAt: (on: Handle, path: string, follow: boolean): Result<Stat> => directory(on).statAt(path, follow),
  setTimesAt: (on: Handle, path: string, follow: boolean, times: Times): Result<undefined> =>
    directory(on).setTimesAt(path, follow, times),
  setDirectoryTimes: (on: Handle, times: Times): Result<undefined> => directory(on).setTimes(times),
  syncDirectory: (on: Handle): Result<undefined> => directory(on).sync(),
  entries(on: Handle): Result<PackedEntries> {
    const entries = directory(on).entries();
    return entries instanceof Failure ? entries : packEntries(entries);
  },
  createDirectory: (on: Handle, path: string): Result<undefined> => directory(on).createDirectory(path),
  removeDirectory: (on: Handle, path: string): Result<undefined> => directory(on).removeDirectory(path),
  unlinkFile: (on: Handle, path: string): Result<undefined> => directory(on).unlinkFile(path),
  rename: (on: Handle, from: string, to: Handle, toPath: string): Result<undefined> =>
    directory(on).rename(from, directory(to), toPath),
  link: (on: Handle, from: string, follow: boolean, to: Handle, toPath: string): Result<undefined> =>
    directory(on).link(from, follow, directory(to), toPath),
  symlink: (on: Handle, target: string, path: string): Result<undefined> =>
    directory(on).symlink(target, path),
  readLink: (on: Handle, path: string): Result<string> => directory(on).readLink(path),

  stat: (on: Handle): Result<Stat> => file(on).stat(),
  read(on: Handle, length: number, offset: number): Result<Uint8Array<ArrayBuffer>> {
    const into = new Uint8Array(length);
    const count = file(on).read(into, offset);
    return count instanceof Failure ? count : into.subarray(0, count);
  },
  write: (on: Handle, bytes: Uint8Array, offset: number | undefined): Result<Written> =>
    file(on).write(bytes, offset),
  setSize: (on: Handle, sizeBytes: number): Result<undefined> => file(on).setSize(sizeBytes),
  allocate: (on: Handle, offset: number, length: number): Result<undefined> =>
    file(on).allocate(offset, length),
  setTimes: (on: Handle, times: Times): Result<undefined> => file(on).setTimes(times),
  sync: (on: Handle): Result<undefined> => file(on).sync(),
  dataSync: (on: Handle): Result<undefined> => file(on).dataSync(),
  close(on: Handle): Result<undefined> {
    file(on).close();
    return undefined;
  },
} as const;

export type DiskOperations = typeof diskOperations;
export type OperationName = keyof DiskOperations;
/** What an operation answers where it does not fail. */
export type AnswerOf<Name extends OperationName> = Exclude<ReturnType<DiskOperations[Name]>, Failure>;

/** One operation on its way to the disk thread. */
export interface DiskCall {
  readonly id: number;
  readonly name: OperationName;
  readonly args: readonly unknown[];
}

/** What comes back: an errno, or a value. */
export interface DiskReply {
  readonly id: number;
  readonly errno: number | undefined;
  readonly value: unknown;
}

function packEntries(entries: readonly DirectoryEntry[]): PackedEntries {
  return {
    names: entries.map(({ name }) => name).join("/"),
    inodes: BigUint64Array.from(entries, ({ inode }) => inode),
    types: Uint8Array.from(entries, ({ type }) => type),
  };
}

export function unpackEntries({ names, inodes, types }: PackedEntries): DirectoryEntry[] {
  if (inodes.length === 0) return [];
  return names.split("/").map((name, index) => ({ name, inode: inodes[index]!, type: types[index]! }));
}
