/** Files whose answers come later, as those of a disk do, and a count of what is open. */
import {
  type Answer,
  type DirectoryEntry,
  Failure,
  OpenDirectory,
  OpenFile,
  type OpenOptions,
  type Result,
  type Stat,
  type Times,
  type Written,
} from "../../src/wasi/index.ts";

/** What a test has in hand of late files. */
export class Lateness {
  opened = 0;
  closed = 0;
  /** Operations whose answer is still out. */
  pending = 0;
  /** What every answer waits for beside its turn. */
  gate: Promise<void> = Promise.resolve();

  async later<T>(act: () => Answer<T>): Promise<Result<T>> {
    this.pending++;
    await this.gate;
    await new Promise((resolve) => setImmediate(resolve));
    this.pending--;
    return act();
  }
}

/** A file that answers later than the one behind it. */
export class LateFile extends OpenFile {
  readonly #file: OpenFile;
  readonly #lateness: Lateness;

  constructor(file: OpenFile, lateness: Lateness) {
    super();
    this.#file = file;
    this.#lateness = lateness;
    lateness.opened++;
  }

  override read(into: Uint8Array, offset: number): Answer<number> {
    return this.#lateness.later(() => this.#file.read(into, offset));
  }

  override write(bytes: Uint8Array, offset: number | undefined): Answer<Written> {
    return this.#lateness.later(() => this.#file.write(bytes, offset));
  }

  override setSize(sizeBytes: number): Answer<undefined> {
    return this.#lateness.later(() => this.#file.setSize(sizeBytes));
  }

  override allocate(offset: number, length: number): Answer<undefined> {
    return this.#lateness.later(() => this.#file.allocate(offset, length));
  }

  override stat(): Answer<Stat> {
    return this.#lateness.later(() => this.#file.stat());
  }

  override setTimes(times: Times): Answer<undefined> {
    return this.#lateness.later(() => this.#file.setTimes(times));
  }

  override sync(): Answer<undefined> {
    return this.#lateness.later(() => this.#file.sync());
  }

  override dataSync(): Answer<undefined> {
    return this.#lateness.later(() => this.#file.dataSync());
  }

  override close(): void {
    this.#lateness.closed++;
    if (this.#lateness.pending > 0) throw new Error("closed while an operation was under way");
    this.#file.close();
  }
}

/** A directory that answers later than the one behind it, and so does what is opened through it. */
export class LateDirectory extends OpenDirectory {
  readonly #directory: OpenDirectory;
  readonly #lateness: Lateness;

  constructor(directory: OpenDirectory, lateness: Lateness) {
    super();
    this.#directory = directory;
    this.#lateness = lateness;
    lateness.opened++;
  }

  override async open(path: string, options: OpenOptions): Promise<Result<OpenFile | OpenDirectory>> {
    const node = await this.#lateness.later(() => this.#directory.open(path, options));
    if (node instanceof Failure) return node;
    return node instanceof OpenFile
      ? new LateFile(node, this.#lateness)
      : new LateDirectory(node, this.#lateness);
  }

  override stat(): Answer<Stat> {
    return this.#lateness.later(() => this.#directory.stat());
  }

  override statAt(path: string, follow: boolean): Answer<Stat> {
    return this.#lateness.later(() => this.#directory.statAt(path, follow));
  }

  override setTimes(times: Times): Answer<undefined> {
    return this.#lateness.later(() => this.#directory.setTimes(times));
  }

  override setTimesAt(path: string, follow: boolean, times: Times): Answer<undefined> {
    return this.#lateness.later(() => this.#directory.setTimesAt(path, follow, times));
  }

  override entries(): Answer<readonly DirectoryEntry[]> {
    return this.#lateness.later(() => this.#directory.entries());
  }

  override createDirectory(path: string): Answer<undefined> {
    return this.#lateness.later(() => this.#directory.createDirectory(path));
  }

  override removeDirectory(path: string): Answer<undefined> {
    return this.#lateness.later(() => this.#directory.removeDirectory(path));
  }

  override unlinkFile(path: string): Answer<undefined> {
    return this.#lateness.later(() => this.#directory.unlinkFile(path));
  }

  override rename(from: string, to: OpenDirectory, toPath: string): Answer<undefined> {
    return this.#lateness.later(() => this.#directory.rename(from, LateDirectory.#behind(to), toPath));
  }

  override link(from: string, follow: boolean, to: OpenDirectory, toPath: string): Answer<undefined> {
    return this.#lateness.later(() => this.#directory.link(from, follow, LateDirectory.#behind(to), toPath));
  }

  override symlink(target: string, path: string): Answer<undefined> {
    return this.#lateness.later(() => this.#directory.symlink(target, path));
  }

  override readLink(path: string): Answer<string> {
    return this.#lateness.later(() => this.#directory.readLink(path));
  }

  override sync(): Answer<undefined> {
    return this.#lateness.later(() => this.#directory.sync());
  }

  override dataSync(): Answer<undefined> {
    return this.#lateness.later(() => this.#directory.dataSync());
  }

  override close(): void {
    this.#lateness.closed++;
    if (this.#lateness.pending > 0) throw new Error("closed while an operation was under way");
    this.#directory.close();
  }

  static #behind(directory: OpenDirectory): OpenDirectory {
    return directory instanceof LateDirectory ? directory.#directory : directory;
  }
}
