/** What a tree in memory is made of. A node lives as long as it has a name or is open. */
import { fileType } from "../../file-type.ts";
import { wallClockNs } from "../../wall-clock.ts";
import type { Answer } from "../answer.ts";
import type { Stat, Times } from "../open-node.ts";
import { nameBytes, nodeBytes, type Volume } from "./volume.ts";

/** The content of a file, which is the same for everybody who has it open. */
export interface FileContent {
  readonly size: number;
  /** Gets it ready to be read. */
  load(): Answer<undefined>;
  /** Nobody has it open any more. */
  unload(): void;
  read(into: Uint8Array, offset: number): number;
  /** How many bytes there was room for. */
  write(bytes: Uint8Array, offset: number): number;
  /** False where there is no room. */
  setSize(size: number): boolean;
  /** Takes room up to `end`, and is at least as long; false where there is none. */
  allocate(end: number): boolean;
  free(): void;
}

abstract class Shared {
  readonly volume: Volume;
  readonly inode: number;
  /** Names that it has; a directory has one, also the root. 0 for what was removed while it was open. */
  links = 0;
  /** Descriptors that it is open by. */
  opens = 0;
  accessedNs: bigint;
  modifiedNs: bigint;
  changedNs: bigint;

  constructor(volume: Volume, nowNs: bigint) {
    this.volume = volume;
    this.inode = volume.nextInode();
    this.accessedNs = nowNs;
    this.modifiedNs = nowNs;
    this.changedNs = nowNs;
  }

  abstract readonly type: number;
  abstract readonly sizeBytes: number;
  /** What it takes of the volume, the content of a file apart. */
  abstract readonly heldBytes: number;

  get stat(): Stat {
    return {
      device: this.volume.device,
      inode: BigInt(this.inode),
      type: this.type,
      links: BigInt(this.links),
      sizeBytes: BigInt(this.sizeBytes),
      accessedNs: this.accessedNs,
      modifiedNs: this.modifiedNs,
      changedNs: this.changedNs,
    };
  }

  setTimes({ accessedNs, modifiedNs }: Times): void {
    this.accessedNs = accessedNs ?? this.accessedNs;
    this.modifiedNs = modifiedNs ?? this.modifiedNs;
    this.changedNs = wallClockNs();
  }

  /** Its content, or what is in it, was changed. */
  modified(): void {
    this.modifiedNs = wallClockNs();
    this.changedNs = this.modifiedNs;
  }

  opened(): void {
    this.opens++;
  }

  closed(): void {
    this.opens--;
    this.#releaseUnused();
  }

  unlinked(): void {
    this.links--;
    this.changedNs = wallClockNs();
    this.#releaseUnused();
  }

  /** Gives its room back when it has neither a name nor a descriptor. */
  protected release(): void {
    this.volume.giveBack(this.heldBytes);
  }

  #releaseUnused(): void {
    if (this.links === 0 && this.opens === 0) this.release();
  }
}

export class FileNode extends Shared {
  readonly type: number = fileType.regularFile;
  readonly content: FileContent;

  constructor(volume: Volume, nowNs: bigint, content: FileContent) {
    super(volume, nowNs);
    this.content = content;
  }

  get sizeBytes(): number {
    return this.content.size;
  }

  get heldBytes(): number {
    return nodeBytes;
  }

  override closed(): void {
    super.closed();
    if (this.opens === 0) this.content.unload();
  }

  protected override release(): void {
    super.release();
    this.content.free();
  }
}

export class LinkNode extends Shared {
  readonly type: number = fileType.symbolicLink;
  readonly target: string;

  constructor(volume: Volume, nowNs: bigint, target: string) {
    super(volume, nowNs);
    this.target = target;
  }

  get sizeBytes(): number {
    return Buffer.byteLength(this.target);
  }

  get heldBytes(): number {
    return nodeBytes + nameBytes(this.target);
  }
}

export class DirectoryNode extends Shared {
  readonly type: number = fileType.directory;
  readonly entries: Map<string, TreeNode> = new Map();
  /** Undefined for the root, and for a directory that was removed while it was open. */
  parent: DirectoryNode | undefined;

  get sizeBytes(): number {
    return 0;
  }

  get heldBytes(): number {
    return nodeBytes;
  }

  /** Gives a new node its name; false where there is no room for both. */
  addNew(name: string, node: TreeNode): boolean {
    if (!this.volume.take(node.heldBytes)) return false;
    if (this.add(name, node)) return true;
    this.volume.giveBack(node.heldBytes);
    return false;
  }

  /** Gives a node that is there a name; false where there is no room for it. */
  add(name: string, node: TreeNode): boolean {
    if (!this.volume.take(nameBytes(name))) return false;
    this.entries.set(name, node);
    node.links++;
    if (node instanceof DirectoryNode) node.parent = this;
    else node.changedNs = wallClockNs();
    this.modified();
    return true;
  }

  /** Takes a name away, and the node with it where that was the last thing that held it. */
  remove(name: string, node: TreeNode): void {
    this.entries.delete(name);
    this.volume.giveBack(nameBytes(name));
    if (node instanceof DirectoryNode) node.parent = undefined;
    node.unlinked();
    this.modified();
  }

  /** Whether it is that directory, or somewhere below it. */
  isWithin(directory: DirectoryNode): boolean {
    for (let each: DirectoryNode | undefined = this; each !== undefined; each = each.parent)
      if (each === directory) return true;
    return false;
  }
}

export type TreeNode = FileNode | LinkNode | DirectoryNode;
