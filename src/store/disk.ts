/**
 * The few things that the store does with files of its own. A seam: the crash tests record what goes through it, leave
 * one sync out, or let one step fail.
 */
import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { giveToOwnerOf } from "../state/index.ts";
import { codeOf } from "./store-error.ts";

export interface Disk {
  /** A new file with these bytes, or an old one replaced, for its owner alone. Not durable yet. */
  write(path: string, bytes: Uint8Array): void;
  /** The bytes of a file become durable; its name does by `syncDirectory`. */
  sync(path: string): void;
  /** Names in a directory become durable: new ones, renamed ones, removed ones. */
  syncDirectory(path: string): void;
  rename(from: string, to: string): void;
  /** Also of what is not there. */
  remove(path: string): void;
  /** For its owner alone; also of what is there. */
  makeDirectory(path: string): void;
  /** Null when there is none. */
  read(path: string): Uint8Array<ArrayBuffer> | null;
  list(path: string): string[];
}

export const nodeDisk: Disk = {
  write: (path, bytes) => {
    const file = openSync(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW,
      0o600,
    );
    try {
      giveToOwnerOf(dirname(path), file);
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    } finally {
      closeSync(file);
    }
  },
  sync: (path) => syncOpened(path, constants.O_RDWR),
  syncDirectory: (path) => syncOpened(path, constants.O_RDONLY),
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
  makeDirectory: (path) => {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  },
  read: (path) => {
    try {
      return new Uint8Array(readFileSync(path));
    } catch (error) {
      if (codeOf(error) === "ENOENT") return null;
      throw error;
    }
  },
  list: (path) => readdirSync(path),
};

function syncOpened(path: string, flags: number): void {
  const file = openSync(path, flags);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
