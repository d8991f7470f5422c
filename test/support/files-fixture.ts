/** A WASI host whose guest has a directory in memory at descriptor 3, for tests of the calls on files. */
import { createScratch, type OpenDirectory, type Preopen, type Run } from "../../src/wasi/index.ts";
import { allRights, directoryRights, fileRights } from "../../src/wasi/rights.ts";
import { type HostFixture, hostFixture } from "./host-fixture.ts";
import { LateDirectory, Lateness } from "./late-files.ts";

/** Whether files answer at once, as those in memory, or later, as those of a disk. */
export type Speed = "at once" | "later";
export const speeds: readonly Speed[] = ["at once", "later"];

/** The descriptor of the directory. */
export const rootFd = 3;

/** Where the tests put paths, and what calls answer with. */
export const at = { path: 0, otherPath: 128, vectors: 256, result: 320, data: 512 } as const;

export interface FilesFixture extends HostFixture {
  readonly root: OpenDirectory;
  readonly lateness: Lateness;
  /** Puts a text at an address: its place and its size, as a call's arguments. */
  path(text: string, address?: number): [pointer: number, length: number];
  /** path_open with all rights that a file has: the new descriptor, or the errno below zero. */
  open(path: string, more?: OpenMore): Promise<number>;
  /** path_open of a directory with all rights that one has. */
  openDirectory(path: string, more?: OpenMore): Promise<number>;
  /** fd_write of a text; the errno. */
  write(fd: number, text: string): Promise<number>;
  /** fd_read of up to so many bytes as a text, or the errno. */
  read(fd: number, length: number): Promise<string | number>;
  u32(address: number): number;
  u64(address: number): bigint;
}

export interface OpenMore {
  readonly fd?: number;
  readonly lookup?: number;
  readonly openFlags?: number;
  readonly rights?: number;
  readonly inheriting?: number;
  readonly flags?: number;
}

/** `$oflags` by their names. */
export const oflag = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;

export interface FilesOptions {
  readonly speed?: Speed;
  readonly preopen?: Partial<Preopen>;
  readonly bytesMax?: number;
  readonly memoryBytes?: number;
  readonly run?: Partial<Run>;
}

export function filesFixture(options: FilesOptions = {}): FilesFixture {
  const { speed = "at once", preopen = {}, bytesMax = 1 << 20, memoryBytes = 4096, run = {} } = options;
  const lateness = new Lateness();
  const scratch = createScratch(bytesMax);
  const root = speed === "later" ? new LateDirectory(scratch, lateness) : scratch;
  // Only what the guest opens is counted.
  lateness.opened = 0;
  const preopens = [{ name: "/data", directory: root, readOnly: false, ...preopen }];
  const fixture = hostFixture({ preopens: () => preopens, ...run }, memoryBytes);
  const { memory, callWaiting, put } = fixture;
  const view = new DataView(memory.buffer);
  const text = (pointer: number, length: number): string =>
    new TextDecoder().decode(memory.subarray(pointer, pointer + length));
  const place = (content: string, address: number): [number, number] => {
    const bytes = new TextEncoder().encode(content);
    memory.set(bytes, address);
    return [address, bytes.length];
  };
  const open = async (name: string, more: OpenMore = {}): Promise<number> => {
    const { fd = rootFd, lookup = 1, openFlags = 0, rights = fileRights } = more;
    const { inheriting = allRights, flags = 0 } = more;
    const wide = [rights, 0, inheriting, 0];
    const path = place(name, at.path);
    const result = await callWaiting("path_open", fd, lookup, ...path, openFlags, ...wide, flags, at.result);
    return result === 0 ? view.getUint32(at.result, true) : -result;
  };
  return {
    ...fixture,
    root: scratch,
    lateness,
    path: (content, address = at.path) => place(content, address),
    open,
    openDirectory: (name, more) =>
      open(name, { rights: directoryRights, openFlags: oflag.directory, ...more }),
    write: (fd, content) => {
      put(at.vectors, ...place(content, at.data));
      return callWaiting("fd_write", fd, at.vectors, 1, at.result);
    },
    read: async (fd, length) => {
      put(at.vectors, at.data, length);
      const result = await callWaiting("fd_read", fd, at.vectors, 1, at.result);
      return result === 0 ? text(at.data, view.getUint32(at.result, true)) : result;
    },
    u32: (address) => view.getUint32(address, true),
    u64: (address) => view.getBigUint64(address, true),
  };
}
