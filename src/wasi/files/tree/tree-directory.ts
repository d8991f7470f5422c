/** An open directory of a tree in memory, with the rules of POSIX for what may be made, moved and removed. */
import { errno } from "../../errno.ts";
import { wallClockNs } from "../../wall-clock.ts";
import { type Answer, Failure, leadsOut, type Result } from "../answer.ts";
import { type DirectoryEntry, OpenDirectory, type OpenOptions } from "../open-directory.ts";
import type { OpenFile } from "../open-file.ts";
import type { Stat, Times } from "../open-node.ts";
import { Content } from "./content.ts";
import { DirectoryNode, FileNode, LinkNode, type TreeNode } from "./node.ts";
import { renameNode } from "./rename.ts";
import { type Place, resolve, resolveNode } from "./resolve.ts";
import { TreeFile } from "./tree-file.ts";

const exists = Failure.of(errno.exist);
const isDirectory = Failure.of(errno.isdir);
const noEntry = Failure.of(errno.noent);
const noSpace = Failure.of(errno.nospc);
const notDirectory = Failure.of(errno.notdir);
const readOnly = Failure.of(errno.rofs);

export class TreeDirectory extends OpenDirectory {
  readonly #node: DirectoryNode;

  constructor(node: DirectoryNode) {
    super();
    this.#node = node;
    node.opened();
  }

  override open(path: string, options: OpenOptions): Answer<OpenFile | OpenDirectory> {
    const { create, exclusive, follow } = options;
    const place = resolve(this.#node, path, follow && !(create && exclusive) ? "all" : "slashed");
    if (place instanceof Failure) return place;
    const { node } = place;
    if (node === undefined) return create ? this.#createFile(place) : noEntry;
    if (create && exclusive) return exists;
    if (node instanceof LinkNode) return Failure.of(errno.loop);
    if (node instanceof DirectoryNode)
      return create || options.write || options.truncate ? isDirectory : new TreeDirectory(node);
    if (options.directory || place.slashed) return notDirectory;
    return this.#openFile(node, options);
  }

  override stat(): Answer<Stat> {
    return this.#node.stat;
  }

  override statAt(path: string, follow: boolean): Answer<Stat> {
    const node = resolveNode(this.#node, path, follow ? "all" : "slashed");
    return node instanceof Failure ? node : node.stat;
  }

  override setTimes(times: Times): Answer<undefined> {
    return this.#change(this.#node, (node) => node.setTimes(times));
  }

  override setTimesAt(path: string, follow: boolean, times: Times): Answer<undefined> {
    const node = resolveNode(this.#node, path, follow ? "all" : "slashed");
    return this.#change(node, (found) => found.setTimes(times));
  }

  override entries(): Answer<readonly DirectoryEntry[]> {
    const list = Array.from(this.#node.entries);
    return list.map(([name, { inode, type }]) => ({ name, inode: BigInt(inode), type }));
  }

  override createDirectory(path: string): Answer<undefined> {
    const place = this.#resolveChange(path);
    if (place instanceof Failure) return place;
    return this.#addNew(place, new DirectoryNode(this.#node.volume, wallClockNs()));
  }

  override removeDirectory(path: string): Answer<undefined> {
    const place = this.#resolveChange(path);
    if (place instanceof Failure) return place;
    const { parent, name, node } = place;
    if (node === undefined) return noEntry;
    if (!(node instanceof DirectoryNode)) return notDirectory;
    if (name === undefined) return Failure.of(path.endsWith("..") ? errno.notempty : errno.inval);
    if (node.entries.size > 0) return Failure.of(errno.notempty);
    parent.remove(name, node);
    return undefined;
  }

  override unlinkFile(path: string): Answer<undefined> {
    const place = this.#resolveChange(path);
    if (place instanceof Failure) return place;
    const { parent, name, node, slashed } = place;
    if (node === undefined) return noEntry;
    if (name === undefined || node instanceof DirectoryNode) return isDirectory;
    if (slashed) return notDirectory;
    parent.remove(name, node);
    return undefined;
  }

  override rename(from: string, to: OpenDirectory, toPath: string): Answer<undefined> {
    if (!(to instanceof TreeDirectory) || to.#node.volume !== this.#node.volume)
      return Failure.of(errno.xdev);
    const source = this.#resolveChange(from);
    if (source instanceof Failure) return source;
    const target = to.#resolveChange(toPath);
    return target instanceof Failure ? target : renameNode(source, target);
  }

  override link(from: string, follow: boolean, to: OpenDirectory, toPath: string): Answer<undefined> {
    if (!(to instanceof TreeDirectory) || to.#node.volume !== this.#node.volume)
      return Failure.of(errno.xdev);
    const node = resolveNode(this.#node, from, follow ? "all" : "slashed");
    if (node instanceof Failure) return node;
    const place = to.#resolveChange(toPath);
    if (place instanceof Failure) return place;
    if (node instanceof DirectoryNode) return Failure.of(errno.perm);
    const refusal = refusalOfNew(place);
    if (refusal !== undefined) return refusal;
    return place.slashed ? noEntry : namedOrFull(place.parent.add(place.name!, node));
  }

  override symlink(target: string, path: string): Answer<undefined> {
    if (target.startsWith("/")) return leadsOut;
    const place = this.#resolveChange(path);
    if (place instanceof Failure) return place;
    if (place.node === undefined && place.slashed) return noEntry;
    return this.#addNew(place, new LinkNode(this.#node.volume, wallClockNs(), target));
  }

  override readLink(path: string): Answer<string> {
    const node = resolveNode(this.#node, path, "slashed");
    if (node instanceof Failure) return node;
    return node instanceof LinkNode ? node.target : Failure.of(errno.inval);
  }

  override sync(): Answer<undefined> {
    return undefined;
  }

  override dataSync(): Answer<undefined> {
    return undefined;
  }

  override close(): void {
    this.#node.closed();
  }

  #createFile(place: Place): Answer<OpenFile> {
    const { volume } = this.#node;
    if (volume.readOnly) return readOnly;
    if (place.slashed) return isDirectory;
    const node = new FileNode(volume, wallClockNs(), new Content(volume));
    const added = this.#addNew(place, node);
    return added instanceof Failure ? added : new TreeFile(node);
  }

  #openFile(node: FileNode, { write, truncate }: OpenOptions): Answer<OpenFile> {
    if ((write || truncate) && node.volume.readOnly) return readOnly;
    const file = new TreeFile(node);
    if (truncate && node.content.size > 0) file.setSize(0);
    const loaded = node.content.load();
    return loaded instanceof Promise
      ? loaded.then((result) => openedOrClosed(file, result))
      : openedOrClosed(file, loaded);
  }

  /** Where a change is to happen: a symbolic link at the end is what changes, and not where it leads. */
  #resolveChange(path: string): Result<Place> {
    return this.#node.volume.readOnly ? readOnly : resolve(this.#node, path, "none");
  }

  #change(node: Result<TreeNode>, act: (node: TreeNode) => void): Result<undefined> {
    if (this.#node.volume.readOnly) return readOnly;
    if (node instanceof Failure) return node;
    act(node);
    return undefined;
  }

  #addNew(place: Place, node: TreeNode): Result<undefined> {
    return refusalOfNew(place) ?? namedOrFull(place.parent.addNew(place.name!, node));
  }
}

function openedOrClosed(file: TreeFile, loaded: Result<undefined>): Result<OpenFile> {
  if (loaded instanceof Failure) file.close();
  return loaded ?? file;
}

/** Why no new name can be where the path leads: EEXIST, ENOENT. */
function refusalOfNew({ parent, name, node }: Place): Failure | undefined {
  if (name === undefined || node !== undefined) return exists;
  return parent.links === 0 ? noEntry : undefined;
}

function namedOrFull(named: boolean): Result<undefined> {
  return named ? undefined : noSpace;
}
