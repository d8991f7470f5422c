/** An open directory whose disk another thread waits for. */
import { errno } from "../../errno.ts";
import { type Answer, Failure, type Result } from "../answer.ts";
import { type DirectoryEntry, OpenDirectory, type OpenOptions } from "../open-directory.ts";
import type { Stat, Times } from "../open-node.ts";
import { type Handle, unpackEntries } from "./disk-operations.ts";
import type { DiskThread } from "./disk-thread.ts";
import { OffThreadFile } from "./off-thread-file.ts";

export class OffThreadDirectory extends OpenDirectory {
  readonly #handle: Handle;
  readonly #disk: DiskThread;

  /** @param handle The disk was told that it is opened. */
  constructor(handle: Handle, disk: DiskThread) {
    super();
    this.#handle = handle;
    this.#disk = disk;
  }

  override async open(
    path: string,
    options: OpenOptions,
  ): Promise<Result<OffThreadFile | OffThreadDirectory>> {
    if (this.#disk.isFull) return Failure.of(errno.nfile);
    this.#disk.opened();
    const opened = await this.#disk.ask("open", this.#handle, path, options);
    if (opened instanceof Failure) {
      this.#disk.closed();
      return opened;
    }
    return opened.directory
      ? new OffThreadDirectory(opened, this.#disk)
      : new OffThreadFile(opened, this.#disk);
  }

  override statAt(path: string, follow: boolean): Answer<Stat> {
    return this.#disk.ask("statAt", this.#handle, path, follow);
  }

  override setTimesAt(path: string, follow: boolean, times: Times): Answer<undefined> {
    return this.#disk.ask("setTimesAt", this.#handle, path, follow, times);
  }

  override async entries(): Promise<Result<readonly DirectoryEntry[]>> {
    const packed = await this.#disk.ask("entries", this.#handle);
    return packed instanceof Failure ? packed : unpackEntries(packed);
  }

  override createDirectory(path: string): Answer<undefined> {
    return this.#disk.ask("createDirectory", this.#handle, path);
  }

  override removeDirectory(path: string): Answer<undefined> {
    return this.#disk.ask("removeDirectory", this.#handle, path);
  }

  override unlinkFile(path: string): Answer<undefined> {
    return this.#disk.ask("unlinkFile", this.#handle, path);
  }

  override rename(from: string, to: OpenDirectory, toPath: string): Answer<undefined> {
    if (!(to instanceof OffThreadDirectory)) return Failure.of(errno.xdev);
    return this.#disk.ask("rename", this.#handle, from, to.#handle, toPath);
  }

  override link(from: string, follow: boolean, to: OpenDirectory, toPath: string): Answer<undefined> {
    if (!(to instanceof OffThreadDirectory)) return Failure.of(errno.xdev);
    return this.#disk.ask("link", this.#handle, from, follow, to.#handle, toPath);
  }

  override symlink(target: string, path: string): Answer<undefined> {
    return this.#disk.ask("symlink", this.#handle, target, path);
  }

  override readLink(path: string): Answer<string> {
    return this.#disk.ask("readLink", this.#handle, path);
  }

  override stat(): Answer<Stat> {
    return this.#disk.ask("stat", this.#handle);
  }

  override setTimes(times: Times): Answer<undefined> {
    return this.#disk.ask("setDirectoryTimes", this.#handle, times);
  }

  override sync(): Answer<undefined> {
    return this.#disk.ask("syncDirectory", this.#handle);
  }

  override dataSync(): Answer<undefined> {
    return this.sync();
  }

  override close(): void {
    this.#disk.closed();
    this.#disk.ask("close", this.#handle);
  }
}
