/** A tree of files that nobody can change, such as those of a release. Any number of guests may share it. */
import { invariant } from "../../../errors.ts";
import { errno } from "../../errno.ts";
import { type Answer, Failure, type Result } from "../answer.ts";
import type { OpenDirectory } from "../open-directory.ts";
import { DirectoryNode, type FileContent, FileNode } from "./node.ts";
import { TreeDirectory } from "./tree-directory.ts";
import { Volume } from "./volume.ts";

/** One file. Its content is asked for when it is opened, and let go when nobody has it open any more. */
export interface TreeSource {
  /** Relative, `/` between names, none of them empty, `.` or `..`. */
  readonly path: string;
  readonly sizeBytes: number;
  /** A failure to read it, or another size than was said, is EIO for who opens it. */
  content(): Uint8Array | Promise<Uint8Array>;
}

/** The tree of these files and the directories that they lie in. All times in it are 1970: it is always the same. */
export function createReadOnlyTree(files: Iterable<TreeSource>): OpenDirectory {
  const steps = growReadOnlyTree(files);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** The same in steps, one for each file, for whoever has something else to do between them. */
export function* growReadOnlyTree(
  files: Iterable<TreeSource>,
): Generator<undefined, OpenDirectory, undefined> {
  const volume = new Volume(Number.POSITIVE_INFINITY, true);
  const root = new DirectoryNode(volume, 0n);
  root.links = 1;
  for (const file of files) {
    const names = file.path.split("/");
    const name = names.pop()!;
    const directory = names.reduce(enter, root);
    invariant(!directory.entries.has(name), `one file is at ${file.path}`);
    place(directory, name, new FileNode(volume, 0n, new LazyContent(file)));
    yield;
  }
  return new TreeDirectory(root);
}

function enter(directory: DirectoryNode, name: string): DirectoryNode {
  const known = directory.entries.get(name);
  if (known !== undefined) {
    invariant(known instanceof DirectoryNode, `${name} is a directory or a file`);
    return known;
  }
  const made = new DirectoryNode(directory.volume, 0n);
  place(directory, name, made);
  return made;
}

/** Without touching any time. */
function place(directory: DirectoryNode, name: string, node: FileNode | DirectoryNode): void {
  directory.entries.set(name, node);
  node.links = 1;
  if (node instanceof DirectoryNode) node.parent = directory;
}

class LazyContent implements FileContent {
  readonly #source: TreeSource;
  #bytes: Uint8Array | undefined;
  #loading: Promise<Result<undefined>> | undefined;

  constructor(source: TreeSource) {
    this.#source = source;
  }

  get size(): number {
    return this.#source.sizeBytes;
  }

  load(): Answer<undefined> {
    if (this.#bytes !== undefined) return undefined;
    if (this.#loading !== undefined) return this.#loading;
    try {
      const content = this.#source.content();
      if (!(content instanceof Promise)) return this.#keep(content);
      this.#loading = content.then(
        (bytes) => this.#keep(bytes),
        () => this.#failed(),
      );
      return this.#loading;
    } catch {
      return this.#failed();
    }
  }

  unload(): void {
    this.#bytes = undefined;
  }

  read(into: Uint8Array, offset: number): number {
    const rest = this.#bytes!.subarray(offset, offset + into.length);
    into.set(rest);
    return rest.length;
  }

  write(): number {
    return 0;
  }

  setSize(): boolean {
    return false;
  }

  allocate(): boolean {
    return false;
  }

  free(): void {
    // It has a name for ever.
  }

  #keep(bytes: Uint8Array): Result<undefined> {
    if (bytes.length !== this.size) return this.#failed();
    this.#bytes = bytes;
    this.#loading = undefined;
    return undefined;
  }

  #failed(): Failure {
    this.#loading = undefined;
    return Failure.of(errno.io);
  }
}
